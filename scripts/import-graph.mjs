// The import graph of the source files, including types.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import ts from "typescript";

const FOLDERS = ["src", "grammar", "recipes"];

/** The syntax tree of each source file, by its path relative to `root`. */
export function sourceTrees(root) {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
      .map((name) => relative(root, join(root, folder, name)).replaceAll("\\", "/")),
  );
  const parsed = (file) =>
    ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
  return new Map(files.map((file) => [file, parsed(file)]));
}

/** Every module that a file refers to: imports, exports, dynamic imports and import types. */
export function importsOf(file, tree) {
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
  visit(tree);
  return found.map((name) => (name.startsWith(".") ? posix.join(dirname(file), name).replace(/\.js$/, ".ts") : name));
}

/** Groups of files that import each other, directly or not (Tarjan's strongly connected components). */
export function circlesIn(imports) {
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
  for (const file of imports.keys()) if (!index.has(file)) visit(file);
  return groups;
}
