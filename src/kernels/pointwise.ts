// Kernels of elementwise ops: one template, and an expression for each op.
import type { Op, OpOf } from "../ir/op.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";
import { count, type TensorId } from "../ir/tensor.js";
import {
  bind,
  type DraftBinding,
  type DraftChoice,
  type DraftDispatch,
  fitsVec4,
  grid,
  groupFunction,
  height,
  modalityFor,
  stepBinding,
  width,
} from "./draft.js";
import type { Table } from "./tables.js";

const one = (dispatches: readonly DraftDispatch[]): DraftChoice[] => [
  { variant: "plain", requires: {}, scratch: [], dispatches },
];

interface Extra {
  readonly bindings?: readonly DraftBinding[];
  readonly functions?: string;
  /** Outputs besides `out`. */
  readonly outputs?: readonly (readonly [string, TensorId])[];
  /** Inputs with one number per row. */
  readonly rows?: readonly (readonly [string, TensorId])[];
  /** Whether the body also works on vec4. Its type NUMBER is then vec4<f32> if all sizes are multiples of four. */
  readonly vec4?: true;
}

/** A dispatch over all numbers of `out`. The body sets `out[at_out(row, column)]`. */
function over(
  program: Program,
  label: string,
  out: TensorId,
  inputs: readonly (readonly [string, TensorId])[],
  body: string,
  extra: Extra = {},
): DraftDispatch<"pointwise"> {
  const { outputs = [], rows = [] } = extra;
  const vec4 =
    extra.vec4 === true && [["", out] as const, ...inputs, ...outputs].every(([, id]) => fitsVec4(program, id));
  const size = count(tensorOf(program, out).shape) / (vec4 ? 4 : 1);
  const { workgroups, GRID_X } = grid(size, 64);
  const bound = bind(program, "out", "write", out, vec4);
  return {
    template: "pointwise",
    label,
    flags: { USES_SIGMOID: body.includes("sigmoid("), USES_SOFTPLUS: body.includes("softplus") },
    constants: {
      SIZE: size,
      COLS: width(program, out) / (vec4 ? 4 : 1),
      GRID_X,
      NUMBER: vec4 ? "vec4<f32>" : "f32",
      BODY: body,
    },
    bindings: [
      ...inputs.map(([name, id]) => bind(program, name, "read", id, vec4)),
      ...rows.map(([name, id]) => bind(program, name, "read", id)),
      ...(extra.bindings ?? []),
      ...outputs.map(([name, id]) => bind(program, name, "write", id, vec4)),
      extra.functions ? { ...bound, accessor: `${bound.accessor}\n${extra.functions}` } : bound,
    ],
    workgroups,
  };
}

export function embed(program: Program, op: OpOf<"embed">): DraftChoice[] {
  const body = `let token = tokens[row];
  var value = 0.0;
  if (token >= 0) { value = weight[at_weight(u32(token), column)]; }
  out[at_out(row, column)] = value;`;
  const inputs = [["tokens", op.in.tokens] as const, ["weight", op.in.weight] as const];
  return one([over(program, "embed", op.out.y, inputs, body)]);
}

export function gather(program: Program, op: OpOf<"gather">): DraftChoice[] {
  const body = "out[at_out(row, column)] = source[at_source(u32(place[row]), column)];";
  const inputs = [["source", op.in.table] as const, ["place", op.in.index] as const];
  return one([over(program, "gather", op.out.y, inputs, body)]);
}

export function addItems(program: Program, op: OpOf<"add_items">): DraftChoice[] {
  const body = `var value = x[at_x(row, column)];
  if (item[row] >= 0) { value += items[at_items(u32(item[row]), column)]; }
  out[at_out(row, column)] = value;`;
  const { x, items, item } = op.in;
  const inputs = [["x", x] as const, ["items", items] as const, ["item", item] as const];
  return one([over(program, "add_items", op.out.y, inputs, body)]);
}

export function rescale(program: Program, op: OpOf<"rescale">): DraftChoice[] {
  const { x, rstd, scale } = op.in;
  const body = "out[at_out(row, column)] = x[at_x(row, column)] * rstd[row] * scale[at_scale(group(row), column)];";
  const inputs = [["x", x] as const, ["scale", scale] as const];
  const extra = {
    bindings: modalityFor(program, op.rows),
    functions: groupFunction("group", op.rows),
    rows: [["rstd", rstd] as const],
    vec4: true as const,
  };
  return one([over(program, "rescale", op.out.y, inputs, body, extra)]);
}

export function cast(program: Program, op: OpOf<"cast">): DraftChoice[] {
  const body = "out[at_out(row, column)] = x[at_x(row, column)];";
  return one([over(program, "cast", op.out.y, [["x", op.in.x]], body, VEC4)]);
}

export function amplify(program: Program, op: OpOf<"amplify">): DraftChoice[] {
  const body = "out[at_out(row, column)] = x[at_x(row, column)] * factor[0];";
  const inputs = [["x", op.in.x] as const, ["factor", op.in.factor] as const];
  return one([over(program, "amplify", op.out.y, inputs, body)]);
}

const VEC4: Extra = { vec4: true };

const ACTIVATION = {
  silu: { value: "s * sigmoid(s)", slope: "sigmoid(s) * (1.0 + s * (1.0 - sigmoid(s)))" },
  softplus: { value: "softplus(s)", slope: "softplus_slope(s)" },
} as const;

export function activate(program: Program, op: OpOf<"activate">): DraftChoice[] {
  const body = `let s = x[at_x(row, column)];
  out[at_out(row, column)] = ${ACTIVATION[op.activation].value};`;
  return one([over(program, op.activation, op.out.y, [["x", op.in.x]], body, VEC4)]);
}

export function activateGrad(program: Program, op: OpOf<"activate_grad">): DraftChoice[] {
  const body = `let s = x[at_x(row, column)];
  out[at_out(row, column)] = dy[at_dy(row, column)] * (${ACTIVATION[op.activation].slope});`;
  const inputs = [["dy", op.in.dy] as const, ["x", op.in.x] as const];
  return one([over(program, `${op.activation}_grad`, op.out.dx, inputs, body, VEC4)]);
}

export function swiglu(program: Program, op: OpOf<"swiglu">): DraftChoice[] {
  const body = `let s = a[at_a(row, column)];
  out[at_out(row, column)] = ${ACTIVATION.silu.value} * b[at_b(row, column)];`;
  return one([over(program, "swiglu", op.out.y, [["a", op.in.a] as const, ["b", op.in.b] as const], body, VEC4)]);
}

export function swigluGrad(program: Program, op: OpOf<"swiglu_grad">): DraftChoice[] {
  const body = `let s = a[at_a(row, column)];
  let d = dy[at_dy(row, column)];
  db[at_db(row, column)] = d * ${ACTIVATION.silu.value};
  out[at_out(row, column)] = d * b[at_b(row, column)] * (${ACTIVATION.silu.slope});`;
  const inputs = [["dy", op.in.dy] as const, ["a", op.in.a] as const, ["b", op.in.b] as const];
  const extra = { outputs: [["db", op.out.db] as const], vec4: true as const };
  return one([over(program, "swiglu_grad", op.out.da, inputs, body, extra)]);
}

const SIGN = { add: "+", subtract: "-", multiply: "*" } as const;

export function combine(program: Program, op: OpOf<keyof typeof SIGN>): DraftChoice[] {
  const body = `out[at_out(row, column)] = a[at_a(row, column)] ${SIGN[op.kind]} b[at_b(row, column)];`;
  return one([over(program, op.kind, op.out.y, [["a", op.in.a] as const, ["b", op.in.b] as const], body, VEC4)]);
}

export function rotate(program: Program, op: OpOf<"rotate">): DraftChoice[] {
  const { x, position, table } = op.in;
  const head = width(program, x) / op.heads;
  const sign = op.inverse ? "-" : "";
  const fours = head % 4 === 0 && [x, table, op.out.y].every((id) => fitsVec4(program, id));
  const paired = head % 2 === 0 ? "true" : `column % ${head}u + 1u < ${head}u`;
  const body = fours
    ? `let value = x[at_x(row, column)];
  let turn = turns[at_turns(u32(place[row]), column % ${head / 4}u)];
  let sine = ${sign}vec4(-turn.y, turn.y, -turn.w, turn.w);
  out[at_out(row, column)] = value * turn.xxzz + value.yxwz * sine;`
    : `var value = x[at_x(row, column)];
  if (${paired}) {
    let odd = column % ${head}u % 2u;
    let at = at_turns(u32(place[row]), column % ${head}u - odd);
    let sine = ${sign}turns[at + 1u];
    value = turns[at] * value + select(-sine, sine, odd == 1u) * x[at_x(row, column + 1u - 2u * odd)];
  }
  out[at_out(row, column)] = value;`;
  const inputs = [["x", x] as const, ["turns", table] as const];
  const rows = [["place", position] as const];
  return one([over(program, "rotate", op.out.y, inputs, body, { rows, ...(fours && VEC4) })]);
}

export function append(program: Program, op: OpOf<"append">): DraftChoice[] {
  const { cache, x, place } = op.in;
  const [S, L] = [height(program, cache) / program.batch, height(program, x) / program.batch];
  const body = `let sequence = row / ${S}u;
  let t = i32(row % ${S}u) - place[sequence];
  if (t >= 0 && t < ${L}) { out[at_out(row, column)] = x[at_x(sequence * ${L}u + u32(t), column)]; }
  else { out[at_out(row, column)] = cache[at_cache(row, column)]; }`;
  const inputs = [["cache", cache] as const, ["x", x] as const, ["place", place] as const];
  return one([over(program, "append", op.out.y, inputs, body)]);
}

/** Copies between a wide tensor and its blocks of columns, one dispatch per block. */
export function blocks(program: Program, op: OpOf<"split"> | OpOf<"concat">): DraftChoice[] {
  let column = 0;
  const dispatches = Object.values(op.kind === "split" ? op.out : op.in).map((part) => {
    const from = column;
    const columns = width(program, part);
    column += columns;
    if (op.kind === "split") {
      const body = `out[at_out(row, column)] = x[at_x(row, column + ${from}u)];`;
      return over(program, "split", part, [["x", op.in.x]], body);
    }
    const body = `out[at_out(row, column + ${from}u)] = x[at_x(row, column)];`;
    const dispatch = over(program, "concat", op.out.y, [["x", part]], body);
    const size = count(tensorOf(program, part).shape);
    const { workgroups, GRID_X } = grid(size, 64);
    return { ...dispatch, constants: { ...dispatch.constants, SIZE: size, COLS: columns, GRID_X }, workgroups };
  });
  return one(dispatches);
}

export function crossEntropyGrad(program: Program, op: OpOf<"cross_entropy_grad">): DraftChoice[] {
  const { logits, lse, target, scale } = op.in;
  const body = `var value = 0.0;
  let wanted = wanted_token[row];
  if (wanted >= 0) {
    let share = exp(logits[at_logits(row, column)] - lse[row]);
    value = scale[row] * (share - select(0.0, 1.0, column == u32(wanted)));
  }
  out[at_out(row, column)] = value;`;
  const inputs = [
    ["logits", logits] as const,
    ["lse", lse] as const,
    ["wanted_token", target] as const,
    ["scale", scale] as const,
  ];
  return one([over(program, "cross_entropy_grad", op.out.dlogits, inputs, body)]);
}

export function squaredErrorGrad(program: Program, op: OpOf<"squared_error_grad">): DraftChoice[] {
  const { prediction, noise, scale } = op.in;
  const factor = 2 / width(program, prediction);
  const body = `let difference = prediction[at_prediction(row, column)] - noise[at_noise(row, column)];
  out[at_out(row, column)] = scale[row] * difference * ${factor};`;
  const inputs = [["prediction", prediction] as const, ["noise", noise] as const, ["scale", scale] as const];
  return one([over(program, "squared_error_grad", op.out.dprediction, inputs, body)]);
}

export function noise(program: Program, op: OpOf<"noise">): DraftChoice[] {
  const { clean, level, item, items, key } = op.in;
  const columns = width(program, clean);
  const vec4s = Math.ceil(columns / 4);
  const { workgroups, GRID_X } = grid(rowsOf(program) * vec4s, 64);
  return one([
    {
      template: "noise",
      label: "noise",
      flags: {},
      constants: { ROWS: rowsOf(program), COLS: columns, VEC4S: vec4s, GRID_X },
      bindings: [
        bind(program, "clean", "read", clean),
        bind(program, "level", "read", level),
        bind(program, "item", "read", item),
        bind(program, "items", "read", items),
        bind(program, "key", "read", key),
        bind(program, "noisy", "write", op.out.noisy),
        bind(program, "noise", "write", op.out.noise),
      ],
      workgroups,
    },
  ]);
}

/** Sums of rows by token or by item, in the order of a table. */
function sumRows(program: Program, op: Op, dy: TensorId, out: TensorId, table: Table, tokens: boolean): DraftChoice[] {
  const size = count(tensorOf(program, out).shape);
  const { workgroups, GRID_X } = grid(size, 64);
  return one([
    {
      template: "embedding_gradient",
      label: op.kind,
      flags: { TOKENS: tokens },
      constants: { SIZE: size, COLS: width(program, out), GRID_X },
      bindings: [
        bind(program, "dy", "read", dy),
        { name: "table", access: "read", type: "array<u32>", target: { kind: "table", table } },
        bind(program, tokens ? "dweight" : "ditems", "write", out),
        ...(tokens ? [stepBinding(program)] : []),
      ],
      workgroups,
    },
  ]);
}

export function embedGrad(program: Program, op: OpOf<"embed_grad">): DraftChoice[] {
  const vocabulary = tensorOf(program, op.out.dweight).shape[1] as number;
  const table: Table = {
    kind: "occurrences",
    source: tensorOf(program, op.in.tokens).name,
    rows: rowsOf(program),
    vocabulary,
  };
  return sumRows(program, op, op.in.dy, op.out.dweight, table, true);
}

export function sumItems(program: Program, op: OpOf<"sum_items">): DraftChoice[] {
  const items = tensorOf(program, op.out.ditems).shape[0] as number;
  const table: Table = { kind: "span", source: tensorOf(program, op.in.item).name, rows: rowsOf(program), items };
  return sumRows(program, op, op.in.dy, op.out.ditems, table, false);
}
