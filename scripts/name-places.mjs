// Finds code that derives the meaning of a tensor, field or buffer from its name: code that splits the name, compares it
// with a string, or looks up a field by a string. The meaning is in `means` and `holds`.
//   node scripts/name-places.mjs
import ts from "typescript";
import { sourceProgram, writtenFiles } from "./kind-places.mjs";

/** The types whose names must not be interpreted. */
const NAMED = [
  { file: "src/ir/tensor.ts", type: "Tensor" },
  { file: "src/ir/plan.ts", type: "Field" },
  { file: "src/ir/plan.ts", type: "PlannedBuffer" },
];
/** Methods that take labels, which `labelOf` makes. */
const ASKING = [
  { file: "src/train/model.ts", type: "Model", methods: ["result", "results", "hasResult"] },
  { file: "src/gpu/runtime.ts", type: "Runtime", methods: ["read", "readAll", "write"] },
];
const TAKES_APART = new Set(
  "startsWith endsWith slice split substring replace replaceAll match matchAll indexOf lastIndexOf includes charAt search".split(
    " ",
  ),
);
const EQUALITY = new Set([ts.SyntaxKind.EqualsEqualsEqualsToken, ts.SyntaxKind.ExclamationEqualsEqualsToken]);

const isSpelled = (node) => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** @returns places: { file, line, text } */
export function namePlaces(program, root, files) {
  const checker = program.getTypeChecker();
  const propertiesOf = ({ file, type }, names) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(`${root}/${file}`));
    const symbol = checker.getExportsOfModule(module).find(({ name }) => name === type);
    const declared = checker.getDeclaredTypeOfSymbol(symbol);
    return names.flatMap((name) => checker.getPropertyOfType(declared, name).declarations);
  };
  const names = new Set(NAMED.flatMap((one) => propertiesOf(one, ["name"])));
  const asking = new Set(ASKING.flatMap((one) => propertiesOf(one, one.methods)));
  /** Parameters that receive names. */
  const passed = new Set();
  const isOneOf = (symbol, declarations) => symbol?.declarations?.some((one) => declarations.has(one)) ?? false;

  /** Whether an expression is the name of such a type. */
  const isName = (node) => {
    if (ts.isPropertyAccessExpression(node)) return isOneOf(checker.getSymbolAtLocation(node.name), names);
    if (ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node))
      return isName(node.expression);
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken)
      return isName(node.left);
    if (!ts.isIdentifier(node)) return false;
    const symbol = checker.getSymbolAtLocation(node);
    if (symbol !== undefined && passed.has(symbol)) return true;
    const declared = symbol?.valueDeclaration;
    if (declared === undefined) return false;
    if (ts.isVariableDeclaration(declared)) return declared.initializer !== undefined && isName(declared.initializer);
    if (!ts.isBindingElement(declared) || !ts.isObjectBindingPattern(declared.parent)) return false;
    const key = (declared.propertyName ?? declared.name).getText();
    return isOneOf(checker.getPropertyOfType(checker.getTypeAtLocation(declared.parent), key), names);
  };

  const asks = (node) => {
    if (ts.isBinaryExpression(node) && EQUALITY.has(node.operatorToken.kind)) {
      const spelled = (one) => isSpelled(one) || checker.getTypeAtLocation(one).isStringLiteral();
      return (isName(node.left) && spelled(node.right)) || (isName(node.right) && spelled(node.left));
    }
    if (ts.isSwitchStatement(node)) return isName(node.expression);
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
    const { expression: of, name: method } = node.expression;
    if (TAKES_APART.has(method.text) && isName(of)) return true;
    if (isOneOf(checker.getSymbolAtLocation(method), asking))
      return node.arguments.some(
        (one) => isSpelled(one) || (ts.isArrayLiteralExpression(one) && one.elements.some(isSpelled)),
      );
    const [first] = node.arguments;
    if (first === undefined || !isName(first)) return false;
    return (
      method.text === "test" ||
      method.text === "exec" ||
      (method.text === "includes" && ts.isArrayLiteralExpression(of))
    );
  };

  const sources = files.map((file) => [file, program.getSourceFile(`${root}/${file}`)]);
  const each = (visit) => {
    for (const [file, source] of sources) {
      const down = (node) => {
        visit(node, file, source);
        ts.forEachChild(node, down);
      };
      down(source);
    }
  };
  // Functions can pass names to other functions.
  for (let before = -1; passed.size > before; ) {
    before = passed.size;
    each((node) => {
      if (!ts.isCallExpression(node) || !node.arguments.some(isName)) return;
      const parameters = checker.getResolvedSignature(node)?.declaration?.parameters ?? [];
      node.arguments.forEach((one, i) => {
        const symbol = parameters[i] && checker.getSymbolAtLocation(parameters[i].name);
        const here = parameters[i]?.getSourceFile().fileName.startsWith(`${root}/src/`);
        if (symbol && here && isName(one)) passed.add(symbol);
      });
    });
  }
  const places = [];
  each((node, file, source) => {
    if (!asks(node)) return;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    places.push({ file, line: line + 1, text: node.getText().slice(0, 80).replace(/\s+/g, " ") });
  });
  return places;
}

if (import.meta.filename === process.argv[1]) {
  const root = process.cwd();
  const program = sourceProgram(root);
  const places = namePlaces(program, root, writtenFiles(program, root));
  for (const { file, line, text } of places) console.log(`${file}:${line}: ${text}`);
  console.log(`${places.length} places`);
}
