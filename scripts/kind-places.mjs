// Finds code that depends on the kind of a block, objective, modality, optimizer or data source outside the folder of
// these kinds, from the types of values that are compared, switched over, looked up or used as a key.
import { relative, sep } from "node:path";
import ts from "typescript";

/** Each union of kinds, the file that declares it and the folder that may depend on its kinds. */
const ROOMS = [
  { of: "block", file: "src/blocks/block.fields.ts", type: "BlockFields", room: "src/blocks/" },
  { of: "objective", file: "src/objectives/objective.fields.ts", type: "Objective", room: "src/objectives/" },
  { of: "modality", file: "src/modalities/modality.fields.ts", type: "Modality", room: "src/modalities/" },
  { of: "optimizer", file: "src/optimizers/optimizer.fields.ts", type: "OptimizerFields", room: "src/optimizers/" },
  { of: "source", file: "src/data/sources/source.fields.ts", type: "SourceFields", room: "src/data/sources/" },
];

/** Kinds whose names are everyday words. They count where the type of the other side is that of kinds. */
const COMMON = new Set(["text", "table", "files", "folder"]);

const EQUALITY = new Set([
  ts.SyntaxKind.EqualsEqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsEqualsToken,
  ts.SyntaxKind.EqualsEqualsToken,
  ts.SyntaxKind.ExclamationEqualsToken,
]);

/** The strings of a union of literals, or undefined for other types. */
function literalsOf(type) {
  const parts = (type.isUnion() ? type.types : [type]).filter(
    (t) => !(t.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null)),
  );
  return parts.length > 0 && parts.every((t) => t.isStringLiteral()) ? parts.map((t) => t.value) : undefined;
}

function kindsIn(program, { file, type }, root) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(`${root}/${file}`);
  const symbol = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).find(({ name }) => name === type);
  const declared = checker.getDeclaredTypeOfSymbol(symbol);
  return literalsOf(checker.getTypeOfSymbol(checker.getPropertyOfType(declared, "kind")));
}

/**
 * @param program a TypeScript program that includes the files that declare the kinds
 * @param files the files to search, relative to `root`
 * @returns places: { file, line, text, of }
 */
export function kindPlaces(program, root, files) {
  const checker = program.getTypeChecker();
  const rooms = ROOMS.map((room) => ({ ...room, kinds: new Set(kindsIn(program, room, root)) }));
  const places = [];
  for (const file of files) {
    const source = program.getSourceFile(`${root}/${file}`);
    const asking = rooms.filter(({ room }) => !file.startsWith(room));
    const note = (node, room) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      places.push({ file, line: line + 1, text: node.getText().slice(0, 80).replace(/\s+/g, " "), of: room.of });
    };
    const roomOf = (names) => names && asking.find(({ kinds }) => names.every((name) => kinds.has(name)));
    const ofType = (node) => roomOf(literalsOf(checker.getTypeAtLocation(node)));
    /** @param others the strings that the other side can be; undefined for any */
    const flag = (node, asked, others) => {
      const room = ofType(asked);
      if (!room || (others && !others.every((name) => room.kinds.has(name)))) return;
      if (others === undefined && ts.isStringLiteralLike(asked) && COMMON.has(asked.text)) return;
      note(node, room);
    };
    const literalsAt = (node) => literalsOf(checker.getTypeAtLocation(node));
    const isAbsent = (node) => node.kind === ts.SyntaxKind.NullKeyword || node.getText() === "undefined";
    /** The names of an object's properties; undefined if it has none. */
    const propertiesOf = (type) => {
      const names = (type.isUnion() ? type.types : [type]).flatMap((one) =>
        one.getProperties().map(({ name }) => name),
      );
      return names.length > 0 ? names : undefined;
    };
    /** The strings that a list, a set or a map holds; undefined for any. */
    const heldBy = (node) => {
      const type = checker.getTypeAtLocation(node);
      const [first] = checker.getTypeArguments(type) ?? [];
      return first && literalsOf(first);
    };
    const visit = (node) => {
      if (ts.isBinaryExpression(node)) {
        if (EQUALITY.has(node.operatorToken.kind) && !isAbsent(node.left) && !isAbsent(node.right)) {
          const [left, right] = [literalsAt(node.left), literalsAt(node.right)];
          flag(
            node,
            ts.isStringLiteralLike(node.right) ? node.right : node.left,
            ts.isStringLiteralLike(node.right) ? left : right,
          );
        }
        if (node.operatorToken.kind === ts.SyntaxKind.InKeyword)
          flag(node, node.left, propertiesOf(checker.getTypeAtLocation(node.right)));
      } else if (ts.isCaseClause(node))
        flag(node.expression, node.expression, literalsAt(node.parent.parent.expression));
      else if (ts.isElementAccessExpression(node)) flag(node, node.argumentExpression);
      else if (ts.isComputedPropertyName(node)) flag(node, node.expression);
      else if (ts.isObjectLiteralExpression(node)) keysOf(node);
      else if (ts.isMappedTypeNode(node)) {
        const constraint = node.typeParameter.constraint;
        const room = constraint && roomOf(literalsOf(checker.getTypeFromTypeNode(constraint)));
        if (room) note(node, room);
      } else if (
        ts.isArrayLiteralExpression(node) &&
        node.elements[0] &&
        ts.isStringLiteralLike(node.elements[0]) &&
        ts.isArrayLiteralExpression(node.parent)
      ) {
        const room = roomOf([node.elements[0].text]);
        if (room) note(node, room);
      } else if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        if (["get", "has", "includes", "hasOwn", "indexOf"].includes(node.expression.name.text))
          for (const argument of node.arguments)
            flag(node, argument, ts.isStringLiteralLike(argument) ? heldBy(node.expression.expression) : undefined);
      }
      ts.forEachChild(node, visit);
    };
    function keysOf(node) {
      const names = node.properties.flatMap(({ name }) =>
        name && (ts.isIdentifier(name) || ts.isStringLiteral(name)) ? [name.text] : [],
      );
      if (names.length === 0) return;
      const room = roomOf(names);
      const contextual = checker.getContextualType(node);
      const mapped = contextual && (contextual.objectFlags ?? 0) & ts.ObjectFlags.Mapped;
      if (!room || (names.length < 2 && !mapped) || (!mapped && names.every((name) => COMMON.has(name)))) return;
      const keys = contextual && propertiesOf(contextual);
      if (keys === undefined || keys.every((name) => room.kinds.has(name))) note(node, room);
    }
    visit(source);
  }
  return places;
}

/** A program with all files of `src`. @param planted the text of an additional file, `src/planted.ts` */
export function sourceProgram(root, planted = "") {
  const config = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile).config;
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const extra = `${root}/${PLANTED}`;
  host.fileExists = (name) => name === extra || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === extra ? ts.createSourceFile(name, planted, ts.ScriptTarget.ESNext, true) : getSourceFile(name, ...rest);
  const files = fileNames.filter((name) => name.startsWith(`${root}/src/`));
  return ts.createProgram([...files, extra], options, host);
}

export const PLANTED = "src/planted.ts";

/** The files of `src` that are not generated. */
export const writtenFiles = (program, root) =>
  program
    .getSourceFiles()
    .map(({ fileName }) => relative(root, fileName).split(sep).join("/"))
    .filter((file) => file.startsWith("src/") && !file.endsWith(".gen.ts") && file !== PLANTED);

if (import.meta.filename === process.argv[1]) {
  const root = process.cwd();
  const program = sourceProgram(root);
  const places = kindPlaces(program, root, writtenFiles(program, root));
  for (const { file, line, text, of } of places) console.log(`${file}:${line}: ${of}: ${text}`);
  console.log(`${places.length} places`);
}
