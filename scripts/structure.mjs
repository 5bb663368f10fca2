// Measures the structure of the source: circles of imports (types included), files with a single importer, the longest
// files and functions, tokens, and who touches Node. `node scripts/structure.mjs [FOLDER]` prints a table.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url)));

const files = ["src", "grammar", "recipes"].flatMap((folder) => {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .map((name) => relative(root, join(root, folder, name)).replaceAll("\\", "/"));
  } catch {
    return [];
  }
});

/** @returns {ts.SourceFile} */
const parsed = (file) =>
  ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);

const trees = new Map(files.map((file) => [file, parsed(file)]));

/** Every module that a file names: imports, exports, dynamic imports and types in place. */
function importsOf(file) {
  const found = [];
  const visit = (node) => {
    const named =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
            ? node.argument.literal
            : undefined;
    if (named && ts.isStringLiteral(named)) found.push(named.text);
    ts.forEachChild(node, visit);
  };
  visit(trees.get(file));
  return found.map((name) => (name.startsWith(".") ? posix.join(dirname(file), name).replace(/\.js$/, ".ts") : name));
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));

/** Groups of files that import each other, by way of others or not (Tarjan's strongly connected components). */
function circles() {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const groups = [];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    for (const to of imports.get(file).filter((name) => imports.has(name))) {
      if (!index.has(to)) {
        visit(to);
        low.set(file, Math.min(low.get(file), low.get(to)));
      } else if (stack.includes(to)) low.set(file, Math.min(low.get(file), index.get(to)));
    }
    if (low.get(file) === index.get(file)) {
      const group = stack.splice(stack.indexOf(file));
      if (group.length > 1) groups.push(group.sort());
    }
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return groups;
}

function importersOf() {
  const importers = new Map(files.map((file) => [file, new Set()]));
  for (const [file, named] of imports) for (const to of named) importers.get(to)?.add(file);
  return importers;
}

const lineOf = (tree, at) => tree.getLineAndCharacterOfPosition(at).line + 1;

/** Every function with a body: its place and its lines. */
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

/** Tokens of the syntax trees: what is left of the text without blanks and comments. */
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

const GLOBALS = new Set(["Buffer", "process", "__dirname", "__filename", "setImmediate", "require"]);
const usesNode = (file) => {
  if (imports.get(file).some((name) => name.startsWith("node:"))) return true;
  let used = false;
  const visit = (node) => {
    if (ts.isIdentifier(node) && GLOBALS.has(node.text) && !ts.isPropertyAccessExpression(node.parent)) used = true;
    if (
      ts.isPropertyAccessExpression(node.parent ?? node) &&
      node.parent?.expression === node &&
      ts.isIdentifier(node) &&
      GLOBALS.has(node.text)
    )
      used = true;
    ts.forEachChild(node, visit);
  };
  visit(trees.get(file));
  return used;
};

const importers = importersOf();
const single = files.filter((file) => importers.get(file).size === 1);
const lengths = files
  .filter((file) => !file.endsWith(".gen.ts"))
  .map((file) => ({ file, lines: trees.get(file).getLineStarts().length - 1 }))
  .sort((a, b) => b.lines - a.lines);
const long = functions();
const rooms = circles();
const rows = [
  ["files", files.length],
  ["groups of files that import each other, types included", rooms.length],
  ["files in such groups", rooms.flat().length],
  ["files with a single importer", single.length],
  ["longest file", `${lengths[0].lines} (${lengths[0].file})`],
  ["longest function", `${long[0].lines} (${long[0].place})`],
  ["functions over 80 lines", long.filter(({ lines }) => lines > 80).length],
  ["files that import Node or use its globals", files.filter(usesNode).length],
  ["tokens", tokens()],
];
for (const [what, value] of rows) console.log(`${what.padEnd(56)} ${value}`);
if (process.argv.includes("--list")) {
  console.log("\nimport each other:");
  for (const group of rooms) console.log(`  ${group.join(", ")}`);
  console.log("\nsingle importers:");
  for (const file of single) console.log(`  ${file} ← ${[...importers.get(file)][0]}`);
  console.log("\nlong functions:");
  for (const { place, lines } of long.filter(({ lines: n }) => n > 80)) console.log(`  ${lines} ${place}`);
  console.log("\nNode:");
  for (const file of files.filter(usesNode)) console.log(`  ${file}`);
}
