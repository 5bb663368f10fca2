// The formatter keeps the meaning and the order of comments, and does not change formatted text.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { format } from "../../grammar/format.js";
import { parse } from "../../grammar/parse.js";
import { print } from "../../grammar/print.js";
import { tokenize } from "../../grammar/tokenize.js";
import * as t from "../../grammar/tokens.js";
import { fencesOf } from "../../site/fences.js";
import { sourcesIn } from "../../site/pages.js";
import { ROOT } from "../support/mom.js";
import { bare, file } from "./trees.js";

const numRuns = Number(process.env.FUZZ ?? 2000);
/** The number of generated files for the test that formats each file several times. */
const numFiles = Number(process.env.FUZZ ?? 500);

function formatted(text: string): string {
  const result = format({ path: "a.mom", text });
  if ("diagnostics" in result) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result.text;
}

/** All comments in order. */
function commentsOf(text: string): string[] {
  const { docs, comments } = tokenize({ path: "a.mom", text });
  const all = [...docs, ...comments].sort((a, b) => a.startOffset - b.startOffset);
  return all.map(({ image }) => image.trimEnd());
}

/** A doc comment before the comma of its entry becomes a plain comment, so that it does not belong to the next entry. */
const plain = (comment: string): string => comment.replace(/^\/\/\/(?!\/)/, "//");

const INSIDE = ["", " ", "\n", "\n\n\n", "\t", " // inside\n", "\n  /// inside, as a doc\n", "// a\n// b\n"];
const BETWEEN = [
  "\n",
  "\n\n\n\n",
  ",",
  " , // behind the comma\n",
  " // behind\n",
  " /// behind, as a doc\n",
  "\n// above\n\n\n// above\n\n",
  "\n/// doc\n//// four\n",
  " // behind\n/// before the comma\n,/// behind it\n",
  "\n\n,\n\n/// doc\n",
  "\n,,\n",
];
const WITHIN = [" ", "   ", "\t "];

const isOperator = (type: unknown): boolean => type === t.Plus || type === t.Times;

/** The tokens of a text with other spaces and comments between them, at every place where the language allows them. */
function scattered(text: string, pick: (from: readonly string[]) => string): string {
  const { tokens } = tokenize({ path: "a.mom", text });
  const words = tokens.filter(({ tokenType }) => tokenType !== t.Newline);
  let depth = 0;
  let out = pick(["", "\n\n", "// first\n", "/// first\n\n", "\ufeff"]);
  words.forEach((token, i) => {
    const { tokenType } = token;
    if (tokenType === t.LeftBracket || tokenType === t.LeftParen) depth++;
    if (tokenType === t.RightBracket || tokenType === t.RightParen) depth--;
    out += token.image;
    const next = words[i + 1];
    if (next === undefined) return;
    const ends = tokens[tokens.indexOf(token) + 1]?.tokenType === t.Newline;
    const joined = depth > 0 || isOperator(tokenType) || isOperator(next.tokenType);
    if (joined) {
      const gap = pick(INSIDE);
      out += gap === "" && /\w$/.test(token.image) && /^[\w"]/.test(next.image) ? " " : gap;
    } else if (!ends) {
      const tight = [t.Dot, t.Colon].includes(tokenType) || [t.Dot, t.Colon].includes(next.tokenType);
      out += pick(tight ? ["", ...WITHIN] : WITHIN);
    } else out += tokenType === t.LeftBrace || next.tokenType === t.RightBrace ? pick(["", ...BETWEEN]) : pick(BETWEEN);
  });
  return out + pick(["", "\n", "\n\n// last\n\n", "// last"]);
}

const scatteredFile = fc
  .tuple(file, fc.infiniteStream(fc.nat()), fc.constantFrom("\n", "\r\n"))
  .map(([entries, numbers, end]) => {
    const drawn = numbers[Symbol.iterator]();
    const pick = (from: readonly string[]): string => from[Number(drawn.next().value) % from.length] ?? "";
    return scattered(print(entries), pick).replaceAll("\n", end);
  });

test(`${numFiles} files with comments and spaces everywhere are formatted without a change of meaning`, () => {
  const kept = fc.property(scatteredFile, (text) => {
    const before = parse({ path: "a.mom", text });
    expect(before.diagnostics).toEqual([]);
    const after = formatted(text);
    expect(bare(parse({ path: "a.mom", text: after }).entries)).toEqual(bare(before.entries));
    expect(commentsOf(after).map(plain)).toEqual(commentsOf(text).map(plain));
    expect(formatted(after)).toBe(after);
    const end = text.includes("\r\n") ? "\r\n" : "\n";
    const lines = after.split(end);
    expect(lines.join("")).not.toMatch(/[\r\n]/);
    expect(lines.filter((line) => /\s$/.test(line))).toEqual([]);
    expect(after).not.toMatch(/^\s*\n|(\r?\n){3}|\{\r?\n\r?\n|\n\r?\n *\}/);
  });
  fc.assert(kept, { numRuns: numFiles, seed: 20250117 });
}, 3_600_000);

test(`${numRuns} texts are formatted, or refused with the parser's errors`, () => {
  const words = fc.array(
    fc.constantFrom(..."{}[]():,.+*\n", "\n", "a", "b ", "1", '"s"', "// c\n", "/// d\n", "import "),
  );
  const tried = fc.property(words, (list) => {
    const source = { path: "a.mom", text: list.join("") };
    const result = format(source);
    if ("diagnostics" in result) expect(result.diagnostics).toEqual(parse(source).diagnostics);
    else expect(bare(parse({ path: "a.mom", text: result.text }).entries)).toEqual(bare(parse(source).entries));
  });
  fc.assert(tried, { numRuns, seed: 20250118 });
}, 3_600_000);

describe("formatting", () => {
  test.each([
    [
      "aligns kinds if every line has one",
      "model { modality text:bytes\n modality image :  codes( vocab:512 )\n d_model:64 }",
      "model {\n  modality text:  bytes\n  modality image: codes(vocab: 512)\n  d_model: 64\n}\n",
    ],
    [
      "does not align kinds with other values",
      "train {\n steps: 10\n optimizer: adamw\n schedule: constant\n}",
      "train {\n  steps: 10\n  optimizer: adamw\n  schedule: constant\n}\n",
    ],
    [
      "aligns lines after a comment or an empty line separately",
      "objective {\n a: ddpm\n // b\n long: ddpm\n\n longer: ddpm\n}",
      "objective {\n  a: ddpm\n  // b\n  long: ddpm\n\n  longer: ddpm\n}\n",
    ],
    ["keeps a group on one line", "data{length:4,source:emoji,}", "data { length: 4, source: emoji }\n"],
    ["keeps a group on several lines", "data { length: 4\n}", "data {\n  length: 4\n}\n"],
    ["removes spaces from an empty group", "data {\n\n}", "data {}\n"],
    [
      "keeps one of several empty lines, and none at the start and end",
      "\n\na: 1\n\n\n\nb {\n\n  c: 1\n\n}\n\n",
      "a: 1\n\nb {\n  c: 1\n}\n",
    ],
    [
      "does not change numbers, sizes and strings",
      'a: [1_0, 1E-4, -0.50, 4x04, "\\u0041\\t"]',
      'a: [1_0, 1E-4, -0.50, 4x04, "\\u0041\\t"]\n',
    ],
    [
      "puts each item of a long list on a line",
      `a { b: [${Array(12).fill("abcdefgh").join(",")}] }`,
      `a {\n  b: [\n${Array(12).fill("    abcdefgh").join(",\n")}\n  ]\n}\n`,
    ],
    [
      "puts each item on a line if a long list is the only argument of a call",
      `vary a.b: subsets([${Array(12).fill("abcdefgh").join(", ")}])`,
      `vary a.b: subsets([\n${Array(12).fill("  abcdefgh").join(",\n")}\n])\n`,
    ],
    ["a map in a call is on its line", "a: f({x:1,y : {z:[2]}},)", "a: f({x: 1, y: {z: [2]}})\n"],
    [
      "unless it is too long",
      `a: f(b: {${Array(4).fill('abcdefgh: "abcdefghijkl"').join(",")}})`,
      `a: f(b: {\n${Array(4).fill('  abcdefgh: "abcdefghijkl"').join(",\n")}\n})\n`,
    ],
    ["a group needs no colon", "a: { b: 1 }\nc: {\nd: 2\n}", "a { b: 1 }\nc {\n  d: 2\n}\n"],
    [
      "puts each term of a long sum on a line",
      `layers: ${Array(9).fill("12 * abcdefgh").join("+")}`,
      `layers: ${Array(9).fill("12 * abcdefgh").join("\n  + ")}\n`,
    ],
    [
      "keeps comments in place",
      "a: [ // open\n1, // one\n// two\n2 // behind\n, 3 /* */".replace(" /* */", "\n // end\n ] // after"),
      "a: [ // open\n  1, // one\n  // two\n  2, // behind\n  3\n  // end\n] // after\n",
    ],
    ["keeps comments in a sum", "a: b // c\n + // d\n 2 * e // f", "a: b // c\n  // d\n  + 2 * e // f\n"],
    [
      "aligns comments at the end of consecutive lines",
      "a { b: 1 // x\n long: [1, 2] // y\n c: 2\n d: 3 // z\n // own\n longer: 4 // w\n}",
      "a {\n  b: 1         // x\n  long: [1, 2] // y\n  c: 2\n  d: 3 // z\n  // own\n  longer: 4 // w\n}\n",
    ],
    ["removes the comma after an entry and keeps its comment", "a: 1, // x\nb: 2", "a: 1 // x\nb: 2\n"],
    ["keeps brackets in a product", "layers: 2*((a+b)+1*c)", "layers: 2 * ((a + b) + 1 * c)\n"],
    ["ends lines as the first one ends", "a: 1\r\nb: 2\nc: 3", "a: 1\r\nb: 2\r\nc: 3\r\n"],
    ["accepts an empty file", "", ""],
  ])("%s", (_, text, wanted) => {
    expect(formatted(text)).toBe(wanted);
    expect(formatted(wanted)).toBe(wanted);
  });

  test("refuses a text with syntax errors", () => {
    const result = format({ path: "a.mom", text: "model {\n  d_model = 4\n" });
    expect("diagnostics" in result && result.diagnostics.map(({ name }) => name)).toEqual([
      "equals-sign",
      "missing-close",
    ]);
  });
});

const specs = ["specs", "bench"].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mom"))
    .map((name) => `${folder}/${name}`),
);

test("the specs of the repository are formatted", () => {
  expect(specs.length).toBeGreaterThan(30);
  const texts = specs.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
  expect(texts.filter(({ text }) => formatted(text) !== text).map(({ path }) => path)).toEqual([]);
});

test("the specs in the documentation are formatted, except deliberately invalid ones", () => {
  const shown = sourcesIn(ROOT).flatMap(({ path, markdown }) =>
    fencesOf(markdown)
      .filter(({ language, options }) => language === "mom" && options.wrong === undefined)
      .map(({ line, text }) => ({ at: `${path}:${line}`, text })),
  );
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.map(({ at, text }) => `${at}\n${formatted(text)}`)).toEqual(
    shown.map(({ at, text }) => `${at}\n${text}`),
  );
});
