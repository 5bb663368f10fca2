// The Tree-sitter grammar has the same words as the compiler's lexer. Parsing of all specs is checked by hand
// (editors/README.md).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import { expect, test } from "vitest";
import * as t from "../../grammar/tokens.js";
import { ROOT } from "../support/mom.js";

/** The patterns of the grammar's words, by rule. */
function patterns(): Record<string, RegExp> {
  const text = readFileSync(join(ROOT, "editors/tree-sitter-mom/grammar.js"), "utf8");
  const same = (pattern: unknown): unknown => pattern;
  const module: { exports: { rules?: Record<string, (names: object) => unknown> } } = { exports: {} };
  const token = Object.assign(same, { immediate: same });
  const scope = { module, grammar: same, token, prec: (_: number, pattern: unknown) => pattern };
  vm.runInNewContext(text, scope);
  const words = ["name", "number", "size", "string", "doc_comment", "comment"];
  return Object.fromEntries(
    words.map((word) => [word, new RegExp(String(module.exports.rules?.[word]?.({})).slice(1, -1))]),
  );
}

const WORDS = [
  "d_model",
  "x",
  "_a1",
  "1",
  "-3",
  "65_536",
  "1e-4",
  "0.5",
  "1.5E+3",
  "32x32",
  "4x16",
  '""',
  '"a\\"b.mom"',
];
const NONE = ["1x", "a-b", '"open', "1__0", ".5", "x32", "'a'"];
const COMMENTS = ["// a", "/// b", "//"];

test("names, numbers, sizes, strings and comments are those of the lexer", () => {
  const found = patterns();
  const lexer: Record<string, unknown> = {
    name: t.Name.PATTERN,
    number: t.NumberLiteral.PATTERN,
    size: t.Size.PATTERN,
    string: t.StringLiteral.PATTERN,
  };
  const matchesAll = (pattern: unknown, word: string): boolean => {
    if (!(pattern instanceof RegExp)) throw new Error("no pattern");
    return new RegExp(`^(?:${pattern.source})$`).test(word);
  };
  for (const [rule, pattern] of Object.entries(lexer)) {
    expect(WORDS.filter((word) => matchesAll(pattern, word)).length, rule).toBeGreaterThan(1);
    for (const word of [...WORDS, ...NONE, ...COMMENTS])
      expect(`${rule} ${word} ${matchesAll(found[rule], word)}`).toBe(`${rule} ${word} ${matchesAll(pattern, word)}`);
  }
  expect(COMMENTS.map((comment) => matchesAll(found.doc_comment, comment))).toEqual([false, true, false]);
  expect(COMMENTS.map((comment) => matchesAll(found.comment, comment))).toEqual([true, true, true]);
});
