// The grammar passes Chevrotain's checks, and the checked-in types of its concrete syntax tree are current.
import { readFileSync } from "node:fs";
import { generateCstDts, Lexer } from "chevrotain";
import { expect, test } from "vitest";
import { parser, SpecParser } from "../../grammar/parser.js";
import { TOKENS } from "../../grammar/tokens.js";

test("grammar/cst.d.ts is current", () => {
  const file = readFileSync(new URL("../../grammar/cst.d.ts", import.meta.url), "utf8");
  const types = file.split("\n").filter((line) => !line.startsWith("//"));
  const expected = generateCstDts(parser.getGAstProductions(), { visitorInterfaceName: "SpecVisitor" });
  expect(types.join("\n").trim()).toBe(expected.trim());
});

test("the tokens and rules pass Chevrotain's checks", () => {
  expect(new Lexer(TOKENS, { positionTracking: "full" }).lexerDefinitionErrors).toEqual([]);
  expect(() => new SpecParser(false)).not.toThrow();
});
