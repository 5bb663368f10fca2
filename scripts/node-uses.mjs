// Uses of Node in a source file: modules, packages that need Node, and globals.
import { builtinModules } from "node:module";
import ts from "typescript";

/** Files that may use Node. */
export const EDGE = [/^src\/api\/node\//, /^src\/cli\//, /^src\/gpu\/dawn(\.\w+)?\.ts$/, /^recipes\//];

const MODULES = new Set([...builtinModules, "sharp", "webgpu", "tar-stream", "commander"]);

/** Names that no file outside EDGE may use, whatever they mean there. */
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

/** Whether a name is only the key of a property, as in `plan.process` and `{ process: 1 }`. */
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

/** A description of each use, with its line. */
export function nodeUsesIn(tree) {
  const found = [];
  const report = (node, what) => {
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
      if (named && isNode(node.text)) report(node, `imports ${node.text}`);
      const isGlobal = ts.isElementAccessExpression(parent) && isGlobalThis(parent.expression);
      if (isGlobal && GLOBALS.has(node.text)) report(node, `uses ${node.text}`);
    }
    if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      !(node.arguments[0] && ts.isStringLiteralLike(node.arguments[0]))
    )
      report(node, "imports a module whose name is not a literal");
    if (ts.isIdentifier(node) && GLOBALS.has(node.text) && !isKey(node)) report(node, `uses ${node.text}`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}
