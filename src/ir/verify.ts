// verify: what every program must obey, between any two stages. Faults are the compiler's own, never the spec's.
import { storage } from "./facts.js";
import { inputsOf, type Op, type OpKind, type OpOf, outputsOf, type Rows } from "./op.js";
import { count, type Program, rowsOf, type TensorId, tensorOf } from "./program.js";

type Shape = readonly number[];
/** Returns pairs that must be equal: what a shape is, and what it should be. */
type Check<K extends OpKind> = (op: OpOf<K>, shape: (id: TensorId) => Shape, program: Program) => [Shape, Shape][];

const last = (shape: Shape): number => shape.at(-1) as number;

/** A weight [G, N, K] of a linear layer between x [R, K] and y [R, N]. */
const linearShapes = (x: Shape, weight: Shape, y: Shape, rows: Rows): [Shape, Shape][] => [
  [weight, [rows.groups, last(y), last(x)]],
  [y, [x[0] as number, last(y)]],
];

const same =
  <K extends OpKind>(...ids: ((op: OpOf<K>) => TensorId)[]): Check<K> =>
  (op, shape) =>
    ids.slice(1).map((id) => [shape(id(op)), shape((ids[0] as (op: OpOf<K>) => TensorId)(op))]);

const columnsAddUp = (wide: Shape, parts: readonly Shape[]): [Shape, Shape][] => [
  [[parts.reduce((sum, part) => sum + last(part), 0)], [last(wide)]],
];

const SHAPES: { readonly [K in OpKind]: Check<K> } = {
  embed: ({ in: i, out }, s) => [[s(out.y), [s(i.tokens)[0] as number, last(s(i.weight))]]],
  embed_grad: ({ in: i, out }, s) => [[[last(s(out.dweight))], [last(s(i.dy))]]],
  gather: ({ in: i, out }, s) => [[s(out.y), [s(i.index)[0] as number, last(s(i.table))]]],
  add_pictures: ({ in: i, out }, s, p) => [
    [s(out.y), s(i.x)],
    [[last(s(i.pictures))], [last(s(i.x))]],
    [s(i.picture), [rowsOf(p)]],
  ],
  sum_pictures: ({ in: i, out }, s) => [[[last(s(out.dpictures))], [last(s(i.dy))]]],
  noise: ({ in: i, out }, s, p) => [
    [s(out.noisy), s(i.clean)],
    [s(out.noise), s(i.clean)],
    [s(i.level), [rowsOf(p), 2]],
    [s(i.key), [3]],
  ],
  linear: ({ in: i, out, rows }, s) => linearShapes(s(i.x), s(i.weight), s(out.y), rows),
  linear_dx: ({ in: i, out, rows }, s) => linearShapes(s(out.dx), s(i.weight), s(i.dy), rows),
  linear_dw: ({ in: i, out, rows }, s) => linearShapes(s(i.x), s(out.dweight), s(i.dy), rows),
  rms: ({ in: i, out }, s) => [[s(out.rstd), [s(i.x)[0] as number]]],
  rescale: ({ in: i, out, rows }, s) => [
    [s(out.y), s(i.x)],
    [s(i.scale), [rows.groups, last(s(i.x))]],
  ],
  norm_grad: ({ in: i, out }, s) => [
    [s(out.dx), s(i.x)],
    [s(i.dy), s(i.x)],
    [s(out.dscale), s(i.scale)],
  ],
  conv: ({ in: i, out }, s) => [
    [s(out.y), s(i.x)],
    [s(i.bias), [s(i.weight)[0] as number, last(s(i.x))]],
  ],
  conv_grad: ({ in: i, out }, s) => [
    [s(out.dx), s(i.x)],
    [s(i.dy), s(i.x)],
    [s(out.dweight), s(i.weight)],
    [s(out.dbias), s(i.bias)],
  ],
  scan: ({ in: i, out }, s) => [
    [s(i.delta), s(i.u)],
    [s(out.y), s(i.u)],
    [s(i.C), s(i.B)],
    [s(i.A_log).slice(1), [last(s(i.u)), last(s(i.B))]],
    [s(out.carry).slice(1), [last(s(i.B)), last(s(i.u))]],
  ],
  scan_grad: ({ in: i, out }, s) => [
    [s(out.du), s(i.u)],
    [s(out.ddelta), s(i.u)],
    [s(out.dB), s(i.B)],
    [s(out.dC), s(i.B)],
    [s(out.dA_log), s(i.A_log)],
    [s(out.dD), s(i.D)],
  ],
  activate: same(
    (op) => op.in.x,
    (op) => op.out.y,
  ),
  activate_grad: same(
    (op) => op.in.x,
    (op) => op.in.dy,
    (op) => op.out.dx,
  ),
  add: same(
    (op) => op.in.a,
    (op) => op.in.b,
    (op) => op.out.y,
  ),
  multiply: same(
    (op) => op.in.a,
    (op) => op.in.b,
    (op) => op.out.y,
  ),
  split: ({ in: i, out }, s) => columnsAddUp(s(i.x), Object.values(out).map(s)),
  concat: ({ in: i, out }, s) => columnsAddUp(s(out.y), Object.values(i).map(s)),
  cross_entropy: ({ in: i, out }, s) => [
    [s(out.loss), s(i.target)],
    [s(out.lse), [s(i.logits)[0] as number]],
  ],
  cross_entropy_grad: ({ in: i, out }, s) => [[s(out.dlogits), s(i.logits)]],
  token_loss: ({ in: i, out }, s) => [
    [s(out.loss), s(i.target)],
    [[last(s(i.weight))], [last(s(i.x))]],
    [out.dx === undefined ? s(i.x) : s(out.dx), s(i.x)],
    [out.dweight === undefined ? s(i.weight) : s(out.dweight), s(i.weight)],
  ],
  squared_error: ({ in: i, out }, s) => [
    [s(i.noise), s(i.prediction)],
    [s(out.loss), [s(i.prediction)[0] as number]],
  ],
  squared_error_grad: ({ in: i, out }, s) => [
    [s(i.noise), s(i.prediction)],
    [s(out.dprediction), s(i.prediction)],
  ],
  sum_by_class: ({ in: i, out }, s, p) => [
    [s(i.loss), [rowsOf(p)]],
    [s(out.sums), [count(s(out.sums))]],
  ],
  dot: ({ in: i }, s) => [[s(i.a), s(i.b)]],
};

/** Throws where an op reads what nobody made, makes what exists, or joins shapes that do not fit. */
export function verify(program: Program): Program {
  const fault = (op: Op, at: number, what: string): never => {
    throw new Error(`program ${program.name}, op ${at} (${op.kind}): ${what}`);
  };
  const known = new Set<TensorId>(
    program.tensors.filter((t) => t.role !== "value" && t.role !== "result").map((t) => t.id),
  );
  const made = new Set<TensorId>();
  const viewsOf = new Map<TensorId, TensorId[]>();
  for (const { id, view } of program.tensors) if (view) viewsOf.set(view.of, [...(viewsOf.get(view.of) ?? []), id]);
  const name = (id: TensorId): string => `${tensorOf(program, id).name} (%${id})`;
  program.ops.forEach((op, at) => {
    for (const id of inputsOf(op)) {
      const whole = known.has(id) || (viewsOf.get(id)?.every((part) => known.has(part)) ?? false);
      if (!whole && !known.has(storage(program, id).id)) fault(op, at, `reads ${name(id)} before it is made`);
    }
    for (const id of outputsOf(op)) {
      if (made.has(id)) fault(op, at, `makes ${name(id)} a second time`);
      if (tensorOf(program, id).role === "parameter") fault(op, at, `writes the parameter ${name(id)}`);
      made.add(id);
      known.add(id);
    }
    const shape = (id: TensorId): Shape => tensorOf(program, id).shape;
    for (const [found, expected] of (SHAPES[op.kind] as Check<OpKind>)(op as never, shape, program)) {
      if (found.join() !== expected.join()) fault(op, at, `shape [${found}] where [${expected}] belongs`);
    }
  });
  return program;
}
