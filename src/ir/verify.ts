// verify: what every program must obey, between any two stages. Faults are the compiler's own, never the spec's.
import { storage } from "./facts.js";
import { inputsOf, type Op, type OpKind, type OpOf, outputsOf, type Rows } from "./op.js";
import { type Program, rowsOf, type TensorId, tensorOf } from "./program.js";

type Shape = readonly number[];
type ShapeOf = (id: TensorId) => Shape;
/** Returns pairs that must be equal: what a shape is, and what it should be. */
type Check<K extends OpKind> = (op: OpOf<K>, shape: ShapeOf, program: Program) => [Shape, Shape][];

const equal = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);
const last = (shape: Shape): number => shape.at(-1) as number;

/** A weight [G, N, K] of a linear layer between x [R, K] and y [R, N], and maybe its bias [G, N]. */
const linearShapes = (x: Shape, weight: Shape, y: Shape, rows: Rows, bias?: Shape): [Shape, Shape][] => [
  [weight, [rows.groups, last(y), last(x)]],
  [y, [x[0] as number, last(y)]],
  [bias ?? [rows.groups, last(y)], [rows.groups, last(y)]],
];

/** A depthwise kernel [G, D, 1, K] or [G, D, K] and its bias [G, D] over x [R, D]. */
const convShapes = (x: Shape, weight: Shape, bias: Shape, rows: Rows): [Shape, Shape][] => [
  [weight.slice(0, 2), [rows.groups, last(x)]],
  [bias, [rows.groups, last(x)]],
];

/** The inputs before a sequence, or its last ones, [batch·(K−1), D], where there are such. */
const tailShape = (
  tail: TensorId | undefined,
  x: TensorId,
  weight: TensorId,
  s: ShapeOf,
  p: Program,
): [Shape, Shape][] => (tail === undefined ? [] : [[s(tail), [p.batch * (last(s(weight)) - 1), last(s(x))]]]);

/** Where documents begin, [R], where that matters. */
const resetShape = (reset: TensorId | undefined, s: ShapeOf, p: Program): [Shape, Shape][] =>
  reset === undefined ? [] : [[s(reset), [rowsOf(p)]]];

/** States between positions, [batch, N, E], where there are such. */
const stateShape = (h: TensorId | undefined, { in: i }: OpOf<"scan">, s: ShapeOf, p: Program): [Shape, Shape][] =>
  h === undefined ? [] : [[s(h), [p.batch, last(s(i.B)), last(s(i.u))]]];

const scanShapes = (
  { in: i, rowsA, rowsD }: OpOf<"scan"> | OpOf<"scan_grad">,
  s: ShapeOf,
  p: Program,
): [Shape, Shape][] => [
  ...resetShape(i.reset, s, p),
  [s(i.delta), s(i.u)],
  [s(i.C), s(i.B)],
  [s(i.A_log), [rowsA.groups, last(s(i.u)), last(s(i.B))]],
  [s(i.D), [rowsD.groups, last(s(i.u))]],
  [i.z === undefined ? s(i.u) : s(i.z), s(i.u)],
];

const carryShape = (u: Shape, B: Shape, { batch, length, chunk }: Program): Shape => [
  batch * Math.ceil(length / chunk),
  last(B),
  last(u),
];

const same =
  <K extends OpKind>(...ids: ((op: OpOf<K>) => TensorId)[]): Check<K> =>
  (op, shape) =>
    ids.slice(1).map((id) => [shape(id(op)), shape((ids[0] as (op: OpOf<K>) => TensorId)(op))]);

const columnsAddUp = (wide: Shape, parts: readonly Shape[]): [Shape, Shape][] => [
  [[parts.reduce((sum, part) => sum + last(part), 0)], [last(wide)]],
];

/** Heads divide the columns of q and k into sizes that agree; keys and queries stand in as many sequences. */
const attentionShapes = (
  { in: i, heads, kv_heads }: OpOf<"attention"> | OpOf<"attention_grad">,
  s: ShapeOf,
  { batch }: Program,
): [Shape, Shape][] => [
  [
    [heads % kv_heads, last(s(i.q)) % heads, (s(i.k)[0] as number) % batch],
    [0, 0, 0],
  ],
  [[last(s(i.k)) / kv_heads], [last(s(i.q)) / heads]],
  [s(i.v), s(i.k)],
  [s(i.keys), [s(i.q)[0] as number, 2]],
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
    [[last(s(i.items))], [4]],
    [s(i.key), [2]],
  ],
  linear: ({ in: i, out, rows }, s) =>
    linearShapes(s(i.x), s(i.weight), s(out.y), rows, i.bias === undefined ? undefined : s(i.bias)),
  linear_dx: ({ in: i, out, rows }, s) => linearShapes(s(out.dx), s(i.weight), s(i.dy), rows),
  linear_dw: ({ in: i, out, rows }, s) =>
    linearShapes(s(i.x), s(out.dweight), s(i.dy), rows, out.dbias === undefined ? undefined : s(out.dbias)),
  rms: ({ in: i, out }, s) => [[s(out.rstd), [s(i.x)[0] as number]]],
  rescale: ({ in: i, out, rows }, s) => [
    [s(out.y), s(i.x)],
    [s(i.scale), [rows.groups, last(s(i.x))]],
  ],
  norm_grad: ({ in: i, out, rows }, s) => [
    [s(i.scale), [rows.groups, last(s(i.x))]],
    [s(out.dx), s(i.x)],
    [s(i.dy), s(i.x)],
    [s(out.dscale), s(i.scale)],
  ],
  conv: ({ in: i, out, rows }, s, p) => [
    [s(out.y), s(i.x)],
    ...convShapes(s(i.x), s(i.weight), s(i.bias), rows),
    ...tailShape(i.tail, i.x, i.weight, s, p),
    ...tailShape(out.tail_out, i.x, i.weight, s, p),
    ...resetShape(i.reset, s, p),
  ],
  conv_grad: ({ in: i, out, rows }, s, p) => [
    ...convShapes(s(i.x), s(i.weight), s(i.bias), rows),
    ...tailShape(i.tail, i.x, i.weight, s, p),
    ...resetShape(i.reset, s, p),
    [s(out.dx), s(i.x)],
    [s(i.dy), s(i.x)],
    [s(out.dweight), s(i.weight)],
    [s(out.dbias), s(i.bias)],
  ],
  scan: (op, s, p) => [
    ...scanShapes(op, s, p),
    [s(op.out.y), s(op.in.u)],
    [s(op.out.carry), carryShape(s(op.in.u), s(op.in.B), p)],
    ...stateShape(op.in.h0, op, s, p),
    ...stateShape(op.out.h_end, op, s, p),
  ],
  scan_grad: (op, s, p) => {
    const { in: i, out } = op;
    return [
      ...scanShapes(op, s, p),
      [s(i.dy), s(i.u)],
      [s(i.carry), carryShape(s(i.u), s(i.B), p)],
      [out.dz === undefined ? s(i.u) : s(out.dz), s(i.u)],
      [s(out.du), s(i.u)],
      [s(out.ddelta), s(i.u)],
      [s(out.dB), s(i.B)],
      [s(out.dC), s(i.B)],
      [s(out.dA_log), s(i.A_log)],
      [s(out.dD), s(i.D)],
    ];
  },
  rotate: ({ in: i, out, heads }, s) => [
    [s(out.y), s(i.x)],
    [s(i.position), [s(i.x)[0] as number]],
    [[last(s(i.table))], [2 * Math.floor(last(s(i.x)) / heads / 2)]],
  ],
  attention: (op, s, p) => [
    ...attentionShapes(op, s, p),
    [s(op.out.y), s(op.in.q)],
    [s(op.out.lse), [s(op.in.q)[0] as number, op.heads]],
  ],
  attention_grad: (op, s, p) => [
    ...attentionShapes(op, s, p),
    [s(op.in.dy), s(op.in.q)],
    [s(op.in.y), s(op.in.q)],
    [s(op.in.lse), [s(op.in.q)[0] as number, op.heads]],
    [s(op.out.dq), s(op.in.q)],
    [s(op.out.dk), s(op.in.k)],
    [s(op.out.dv), s(op.in.k)],
  ],
  append: ({ in: i, out }, s, { batch }) => [
    [s(out.y), s(i.cache)],
    [s(i.place), [batch]],
    [
      [last(s(i.x)), (s(i.x)[0] as number) % batch, (s(i.cache)[0] as number) % batch],
      [last(s(i.cache)), 0, 0],
    ],
  ],
  cast: same(
    (op) => op.in.x,
    (op) => op.out.y,
  ),
  amplify: same(
    (op) => op.in.x,
    (op) => op.out.y,
  ),
  activate: same(
    (op) => op.in.x,
    (op) => op.out.y,
  ),
  activate_grad: same(
    (op) => op.in.x,
    (op) => op.in.dy,
    (op) => op.out.dx,
  ),
  swiglu: same(
    (op) => op.in.a,
    (op) => op.in.b,
    (op) => op.out.y,
  ),
  swiglu_grad: same(
    (op) => op.in.a,
    (op) => op.in.b,
    (op) => op.in.dy,
    (op) => op.out.da,
    (op) => op.out.db,
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
    [s(out.sums), [i.class === undefined ? 1 : p.modalities]],
  ],
  dot: ({ in: i, out }, s) => [
    [s(i.a), s(i.b)],
    [s(out.y), [1]],
  ],
};

/** What is wrong with the rows that an op names; only linear layers may leave a modality out. */
function faultOfRows(op: Op, { modalities }: Program): string | undefined {
  const least = op.kind.startsWith("linear") ? -1 : 0;
  for (const value of Object.values(op)) {
    if (typeof value !== "object" || !("over" in value) || value.over === "pictures") continue;
    const { of, groups } = value as Extract<Rows, { readonly over: "positions" }>;
    if (of.length !== modalities) return `rows of ${of.length} modalities, and there are ${modalities}`;
    if (!of.every((g) => g >= least && g < groups)) return `rows [${of}] of ${groups} groups`;
  }
  return undefined;
}

/** Views look at columns of a tensor that is no view itself. */
function checkViews(program: Program): void {
  for (const { name, view, shape, type } of program.tensors) {
    if (!view) continue;
    const of = tensorOf(program, view.of);
    if (tensorOf(program, view.of).type !== type)
      throw new Error(`program ${program.name}: ${name} is no ${type} there`);
    const inside = view.column >= 0 && view.column + last(shape) <= last(of.shape) && shape[0] === of.shape[0];
    if (!inside || of.view) throw new Error(`program ${program.name}: ${name} is a wrong view of ${of.name}`);
  }
}

/** Throws where an op reads what nobody made, makes what exists, or joins shapes that do not fit; or lacks a result. */
export function verify(program: Program): Program {
  const fault = (op: Op, at: number, what: string): never => {
    throw new Error(`program ${program.name}, op ${at} (${op.kind}): ${what}`);
  };
  checkViews(program);
  /** By tensor: 1 where an op before this one, or the host, has written it; and 1 where an op has. */
  const known = Uint8Array.from(program.tensors, ({ role }) => (role === "value" || role === "result" ? 0 : 1));
  const made = new Uint8Array(program.tensors.length);
  const shape = (id: TensorId): Shape => tensorOf(program, id).shape;
  const viewsOf = new Map<TensorId, TensorId[]>();
  for (const { id, view } of program.tensors) {
    if (!view) continue;
    const views = viewsOf.get(view.of);
    if (views) views.push(id);
    else viewsOf.set(view.of, [id]);
  }
  const name = (id: TensorId): string => `${tensorOf(program, id).name} (%${id})`;
  program.ops.forEach((op, at) => {
    for (const id of inputsOf(op)) {
      if (known[id]) continue;
      const whole = viewsOf.get(id)?.every((part) => known[part]) ?? false;
      if (!whole && !known[storage(program, id).id]) fault(op, at, `reads ${name(id)} before it is made`);
    }
    for (const id of outputsOf(op)) {
      if (made[id]) fault(op, at, `makes ${name(id)} a second time`);
      if (tensorOf(program, id).role === "parameter") fault(op, at, `writes the parameter ${name(id)}`);
      made[id] = 1;
      known[id] = 1;
    }
    const rows = faultOfRows(op, program);
    if (rows !== undefined) fault(op, at, rows);
    for (const [found, expected] of (SHAPES[op.kind] as Check<OpKind>)(op as never, shape, program)) {
      if (!equal(found, expected)) fault(op, at, `shape [${found}] where [${expected}] belongs`);
    }
  });
  const lost = program.tensors.find(({ role, id }) => role === "result" && !made[id]);
  if (lost) throw new Error(`program ${program.name}: nothing makes the result ${lost.name}`);
  return program;
}
