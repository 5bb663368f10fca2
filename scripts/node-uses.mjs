// What a source file uses of Node: modules, packages that work on Node alone, and globals.
import { builtinModules } from "node:module";
import ts from "typescript";

/** Where Node may be used. */
export const EDGE = [/^src\/api\/node\//, /^src\/cli\//, /^src\/gpu\/dawn(\.\w+)?\.ts$/, /^recipes\//];

const MODULES = new Set([...builtinModules, "sharp", "webgpu", "tar-stream", "commander"]);

/** Names that no file outside the edge has a use for, whatever they would mean there. */
const GLOBALS = new Set([
  "Buffer",
  "NodeJS",
  "__dirname",
  "__filename",
  "clearImmediate",
  "global",
  "process",
  "require",
  "setImmediate",
]);

const isNode = (name) => name.startsWith("node:") || MODULES.has(name) || MODULES.has(name.split("/")[0]);

/** Whether a name is only the key of a property, which does not count: `plan.process`, `{ process: 1 }`. */
function isKey(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node && !isGlobalThis(parent.expression);
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isMethodSignature(parent)) &&
    parent.name === node
  );
}

const isGlobalThis = (node) => ts.isIdentifier(node) && ["globalThis", "self", "window"].includes(node.text);

/** One text for each use, with its line. */
export function nodeUsesIn(tree) {
  const found = [];
  const tell = (node, what) => {
    const { line } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    found.push(`${tree.fileName}:${line + 1} ${what}`);
  };
  const visit = (node) => {
    if (ts.isStringLiteralLike(node)) {
      const { parent } = node;
      const named =
        ts.isImportDeclaration(parent) ||
        ts.isExportDeclaration(parent) ||
        ts.isExternalModuleReference(parent) ||
        (ts.isLiteralTypeNode(parent) && ts.isImportTypeNode(parent.parent)) ||
        (ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword);
      if (named && isNode(node.text)) tell(node, `imports ${node.text}`);
      const isGlobal = ts.isElementAccessExpression(parent) && isGlobalThis(parent.expression);
      if (isGlobal && GLOBALS.has(node.text)) tell(node, `uses ${node.text}`);
    }
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      !(node.arguments[0] && ts.isStringLiteralLike(node.arguments[0]))
    )
      tell(node, "imports what is only known when it runs");
    if (ts.isIdentifier(node) && GLOBALS.has(node.text) && !isKey(node)) tell(node, `uses ${node.text}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}
