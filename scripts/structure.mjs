// Measures the structure of the source: import cycles (types included), files with a single importer, the longest
// files and functions, tokens, and the files that use Node. `node scripts/structure.mjs [FOLDER]` prints a table.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { circlesIn, importsOf, sourceTrees } from "./import-graph.mjs";
import { EDGE, nodeUsesIn } from "./node-uses.mjs";

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));

const trees = sourceTrees(root);
const files = [...trees.keys()];
const imports = new Map([...trees].map(([file, tree]) => [file, importsOf(file, tree)]));

function importersOf() {
  const importers = new Map(files.map((file) => [file, new Set()]));
  for (const [file, named] of imports) for (const to of named) importers.get(to)?.add(file);
  return importers;
}

const lineOf = (tree, at) => tree.getLineAndCharacterOfPosition(at).line + 1;

/** The place and the number of lines of all functions with a body. */
function functions() {
  const found = [];
  for (const [file, tree] of trees) {
    const visit = (node) => {
      if (ts.isFunctionLike(node) && node.body) {
        const [first, last] = [lineOf(tree, node.getStart()), lineOf(tree, node.end)];
        found.push({ place: `${file}:${first}`, lines: last - first + 1 });
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return found.sort((a, b) => b.lines - a.lines);
}

/** The number of tokens: the text without white space and comments. */
function tokens() {
  let all = 0;
  const generated = (file) => file.endsWith(".gen.ts");
  for (const [file, tree] of trees) {
    if (generated(file)) continue;
    const visit = (node) => {
      const children = node.getChildren(tree).filter((child) => !ts.isJSDoc(child));
      if (children.length === 0 && node.getWidth(tree) > 0) all++;
      for (const child of children) visit(child);
    };
    visit(tree);
  }
  return all;
}

const usesNode = (file) => nodeUsesIn(trees.get(file)).length > 0;

const importers = importersOf();
const single = files.filter((file) => importers.get(file).size === 1);
const lengths = files
  .filter((file) => !file.endsWith(".gen.ts"))
  .map((file) => ({ file, lines: trees.get(file).getLineStarts().length - 1 }))
  .sort((a, b) => b.lines - a.lines);
const long = functions();
const cycles = circlesIn(imports);
const rows = [
  ["files", files.length],
  ["groups of files that import each other, types included", cycles.length],
  ["files in such groups", cycles.flat().length],
  ["files with a single importer", single.length],
  ["longest file", `${lengths[0].lines} (${lengths[0].file})`],
  ["longest function", `${long[0].lines} (${long[0].place})`],
  ["functions over 80 lines", long.filter(({ lines }) => lines > 80).length],
  ["files that use Node", files.filter(usesNode).length],
  [
    "files that use Node outside the edge",
    files.filter((file) => usesNode(file) && !EDGE.some((one) => one.test(file))).length,
  ],
  ["tokens", tokens()],
];
for (const [what, value] of rows) console.log(`${what.padEnd(56)} ${value}`);
if (process.argv.includes("--list")) {
  console.log("\nimport each other:");
  for (const group of cycles) console.log(`  ${group.join(", ")}`);
  console.log("\nsingle importers:");
  for (const file of single) console.log(`  ${file} ← ${[...importers.get(file)][0]}`);
  console.log("\nlong functions:");
  for (const { place, lines } of long.filter(({ lines: n }) => n > 80)) console.log(`  ${lines} ${place}`);
  console.log("\nNode:");
  for (const file of files.filter(usesNode)) console.log(`  ${file}`);
}
