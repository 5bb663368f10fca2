// model.py: one class for each block of the spec, and one for the model around them, from a lowered program.
import { inputsOf, type Op, outputsOf } from "../../ir/op.js";
import { type Program, tensorOf } from "../../ir/program.js";
import type { TensorId } from "../../ir/tensor.js";
import { lineOf } from "./lines.js";
import { declarations } from "./modules.js";
import { bracketed, className, type Expression, indented, namer, quoted, statement } from "./python.js";
import { definedIn, IMPORTED, type Scope, scopeOf } from "./scope.js";

/** A lowered program with its losses, and the name of the block of each layer. */
export interface Model {
  readonly program: Program;
  readonly layers: readonly string[];
}

/** The ops before the layers, those of each layer, and those after. */
interface Stretches {
  readonly before: readonly Op[];
  readonly layers: readonly (readonly Op[])[];
  readonly after: readonly Op[];
}

function stretchesOf({ ops, boundaries }: Program): Stretches {
  const ends = boundaries.map((id) => ops.findIndex((op) => outputsOf(op).includes(id)) + 1);
  const layers = ends.slice(1).map((end, i) => ops.slice(ends[i], end));
  return { before: ops.slice(0, ends[0]), layers, after: ops.slice(ends.at(-1)) };
}

/** A head whose logits only the cross entropy reads becomes one op, which never holds the logits of all rows. */
function withTokenLoss(ops: readonly Op[]): Op[] {
  return ops.flatMap((op): Op[] => {
    if (op.kind === "linear" && ops.some((other) => readsLogits(other, op.out.y))) return [];
    if (op.kind !== "cross_entropy") return [op];
    const head = ops.find((other) => other.kind === "linear" && other.out.y === op.in.logits);
    if (head?.kind !== "linear") return [op];
    const { target, scale } = op.in;
    return [
      { kind: "token_loss", in: { x: head.in.x, weight: head.in.weight, target, scale }, out: { loss: op.out.loss } },
    ];
  });
}

const readsLogits = (op: Op, logits: TensorId): boolean => op.kind === "cross_entropy" && op.in.logits === logits;

/** The loss of each row and its factor in the total, for ops that compute losses. */
function lossOf(op: Op): { readonly loss: TensorId; readonly scale: TensorId } | undefined {
  if (!("scale" in op.in) || !("loss" in op.out)) return undefined;
  return { loss: op.out.loss as TensorId, scale: op.in.scale as TensorId };
}

/** The statements of ops. A value that nothing reads is not assigned. */
function bodyOf(ops: readonly Op[], scope: Scope, read: ReadonlySet<TensorId>): string[] {
  const { program } = scope;
  return ops.flatMap((op) => {
    const expression = lineOf(op, scope);
    const made = outputsOf(op).filter((id) => op.kind === "split" || op.kind === "noise" || read.has(id));
    const names = made.map((id) => scope.declare(id));
    const shapes = made.map((id) => shapeOf(program, id));
    const comment = new Set(shapes).size === 1 ? shapes[0] : shapes.join(", ");
    const assigned = statement(2, `${names.join(", ")} = `, expression, comment);
    const loss = lossOf(op);
    if (loss === undefined) return assigned;
    return [...assigned, indented(2, `total = total + (${names[0]} * ${scope.value(loss.scale)}).sum()`)];
  });
}

/** The shape of a tensor in a comment. The batch decides how many rows and items there are. */
function shapeOf(program: Program, id: TensorId): string {
  const { shape } = tensorOf(program, id);
  const rows = program.batch * program.length;
  const [first, ...others] = shape;
  return `[${[first === rows ? "rows" : others.length > 0 ? "items" : String(first), ...others].join(", ")}]`;
}

/** The class of one layer. */
function blockClass(name: string, of: string, layer: number, program: Program, ops: readonly Op[]): string[] {
  const prefix = `layers.${layer}.`;
  const [x, y] = [program.boundaries[layer], program.boundaries[layer + 1]] as [TensorId, TensorId];
  const scope = scopeOf(program, { prefix, known: new Map([[x, "x"]]) });
  const read = new Set([...ops.flatMap(inputsOf), y]);
  const body = bodyOf(ops, scope, read);
  const own = program.parameters.filter((parameter) => parameter.layer === layer);
  const width = tensorOf(program, x).shape[1];
  return [
    `class ${name}(Layer):`,
    indented(1, `"""A layer of the block \`${of}\`: x [rows, ${width}] to [rows, ${width}]."""`),
    "",
    indented(1, "def __init__(self) -> None:"),
    indented(2, "super().__init__()"),
    ...declarations(own, prefix, false),
    "",
    indented(1, "def compute(self, x: Tensor, batch: Batch) -> Tensor:"),
    ...body,
    indented(2, `return ${scope.value(y)}`),
  ];
}

/** The class of the model around the layers. */
function modelClass(program: Program, classes: readonly string[], { before, after }: Stretches): string[] {
  const [first, last] = [program.boundaries[0], program.boundaries.at(-1)] as [TensorId, TensorId];
  const scope = scopeOf(program, {
    prefix: "",
    known: new Map([[last, "x"]]),
    named: new Map([[first, "x"]]),
  });
  const results = program.tensors.filter(({ role }) => role === "result");
  const ends = withTokenLoss(after);
  const read = new Set([...[...before, ...ends].flatMap(inputsOf), first, ...results.map(({ id }) => id)]);
  const [opening, closing] = [bodyOf(before, scope, read), bodyOf(ends, scope, read)];
  const outside = program.parameters.filter(({ layer }) => layer < 0);
  const sums = results.map(({ id, name }) => `${quoted(name)}: ${scope.value(id)}`);
  return [
    "class Model(nn.Module):",
    indented(1, '"""The whole model: a batch to its weighted loss."""'),
    "",
    indented(1, 'def __init__(self, recompute: str = "none") -> None:'),
    indented(2, "super().__init__()"),
    ...declarations(outside, "", true),
    ...statement(2, "self.layers = ", bracketed("nn.ModuleList(", [bracketed("[", stackOf(classes), "]")])),
    indented(2, "for layer in self.layers:"),
    indented(3, "layer.recompute = recompute"),
    "",
    indented(1, "def forward(self, batch: Batch) -> Losses:"),
    indented(2, "total = torch.zeros((), device=batch.order.device)"),
    ...opening,
    indented(2, "for layer in self.layers:"),
    indented(3, "x = layer(x, batch)"),
    ...closing,
    ...statement(2, "return ", bracketed("Losses(", ["total", bracketed("{", sums, "}")])),
  ];
}

/** `*(Mixer() for _ in range(8))` for eight layers of one class in a row. */
function stackOf(classes: readonly string[]): string[] {
  const runs: { readonly name: string; count: number }[] = [];
  for (const name of classes) {
    const last = runs.at(-1);
    if (last?.name === name) last.count++;
    else runs.push({ name, count: 1 });
  }
  return runs.map(({ name, count }) => (count === 1 ? `${name}()` : `*(${name}() for _ in range(${count}))`));
}

/** The text of model.py. @param about a sentence on the spec */
export function modelText({ program, layers }: Model, about: string): string {
  const stretches = stretchesOf(program);
  const free = namer("", IMPORTED);
  const names = new Map([...new Set(layers)].map((block) => [block, free(className(block))]));
  const classes = [...names].map(([block, name]) => {
    const layer = layers.indexOf(block);
    return blockClass(name, block, layer, program, stretches.layers[layer] as readonly Op[]);
  });
  const model = modelClass(
    program,
    layers.map((block) => names.get(block) as string),
    stretches,
  );
  const bodies = [...classes, model];
  const all = bodies.flat().join("\n");
  const used = (name: string) => new RegExp(`(?<![\\w.])${name}[()]`).test(all);
  return `${[
    `"""${about}"""`,
    "",
    "import torch",
    ...(all.includes("F.") ? ["import torch.nn.functional as F"] : []),
    "from torch import Tensor, nn",
    "",
    "from batch import Batch, Losses",
    ...statement(0, "from ops import ", imported(definedIn("ops.py").filter(used).sort(byRuff))),
    ...bodies.flatMap((lines) => ["", "", ...lines]),
  ].join("\n")}\n`;
}

/** Classes before functions, each in the order of their names: the order of isort. */
const byRuff = (a: string, b: string): number => {
  const isFunction = (name: string) => Number(!/^[A-Z]/.test(name));
  return isFunction(a) - isFunction(b) || (a < b ? -1 : 1);
};

/** Imported names, in parentheses if they need several lines. */
const imported = (names: readonly string[]): Expression =>
  names.join(", ").length + "from ops import ".length <= 88 ? names.join(", ") : bracketed("(", names);
