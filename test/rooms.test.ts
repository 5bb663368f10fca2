// What opens the house: the kinds of a room are known by name there, and where ops of the same name are described.
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { schema } from "../grammar/schema.gen.js";
import { sourceTrees } from "../scripts/import-graph.mjs";

const trees = sourceTrees(fileURLToPath(new URL("..", import.meta.url))) as ReadonlyMap<string, ts.SourceFile>;

/** Files of src that hold a text that is exactly one of these words. */
function namedIn(words: ReadonlySet<string>): string[] {
  const names = (tree: ts.SourceFile): boolean => {
    const visit = (node: ts.Node): boolean =>
      (ts.isStringLiteralLike(node) && words.has(node.text)) || (ts.forEachChild(node, visit) ?? false);
    return visit(tree);
  };
  return [...trees].filter(([file, tree]) => !file.endsWith(".gen.ts") && names(tree)).map(([file]) => file);
}

test("nobody asks which optimizer it is", () => {
  const kinds = schema.properties.train.properties.optimizer.oneOf.map(({ properties }) => properties.kind.const);
  expect(kinds).toEqual(["adamw", "muon"]);
  const room = /^src\/optimizers\//;
  // An op has the name of the optimizer that it was made for: its type, its row, its meaning and its kernels.
  const ops = /^src\/(ir\/op|ir\/ops\/update|reference\/update|kernels\/update|kernels\/muon)\.ts$/;
  const found = namedIn(new Set<string>(kinds));
  expect(found.length).toBeGreaterThan(3);
  expect(found.filter((file) => !room.test(file) && !ops.test(file))).toEqual([]);
});

test("nobody knows what an optimizer keeps", () => {
  const slots = namedIn(new Set(["momentum", "moment1", "moment2"]));
  expect(slots.filter((file) => !/^src\/(optimizers|kernels|ir|reference)\//.test(file))).toEqual([]);
});
