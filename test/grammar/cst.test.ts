// The checked-in types of the concrete tree are those that the grammar makes.
import { readFileSync } from "node:fs";
import { generateCstDts } from "chevrotain";
import { expect, test } from "vitest";
import { parser } from "../../grammar/parser.js";

test("grammar/cst.d.ts is current", () => {
  const file = readFileSync(new URL("../../grammar/cst.d.ts", import.meta.url), "utf8");
  const types = file.split("\n").filter((line) => !line.startsWith("//"));
  const made = generateCstDts(parser.getGAstProductions(), { visitorInterfaceName: "SpecVisitor" });
  expect(types.join("\n").trim()).toBe(made.trim());
});
