// Only the folders of optimizers and of their ops use the names of optimizer state.
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { sourceTrees } from "../scripts/import-graph.mjs";

const trees = sourceTrees(fileURLToPath(new URL("..", import.meta.url))) as ReadonlyMap<string, ts.SourceFile>;

/** Files of src with a string that equals one of these words. */
function namedIn(words: ReadonlySet<string>): string[] {
  const names = (tree: ts.SourceFile): boolean => {
    const visit = (node: ts.Node): boolean =>
      (ts.isStringLiteralLike(node) && words.has(node.text)) || (ts.forEachChild(node, visit) ?? false);
    return visit(tree);
  };
  return [...trees].filter(([file, tree]) => !file.endsWith(".gen.ts") && names(tree)).map(([file]) => file);
}

test("no other room uses the names of optimizer state", () => {
  const slots = namedIn(new Set(["momentum", "moment1", "moment2"]));
  expect(slots.filter((file) => !/^src\/(optimizers|kernels|ir|reference)\//.test(file))).toEqual([]);
});
