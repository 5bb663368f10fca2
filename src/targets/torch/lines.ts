// One line of Python for each op of a lowered program: a call of PyTorch, or of the emitted project's ops.py.
import { isUniform } from "../../ir/facts.js";
import type { Op, OpKind, OpOf, Rows } from "../../ir/op.js";
import { tensorOf } from "../../ir/program.js";
import type { TensorId } from "../../ir/tensor.js";
import { bracketed, type Expression, tuple } from "./python.js";
import type { Scope } from "./scope.js";

type Print<K extends OpKind> = (op: OpOf<K>, scope: Scope) => Expression;

const call = (name: string, items: readonly Expression[]): Expression => bracketed(`${name}(`, items);

/** Ops that later passes add: gradients, fused ops and the update. PyTorch's autograd and optimizers replace them. */
function later(op: Op): never {
  throw new Error(`a lowered program has no ${op.kind}`);
}

const owners = (rows: Rows): readonly number[] => (rows.over === "items" ? [0] : rows.of);

/** A parameter's only copy, or all copies and which of them each modality uses. */
const weightOf = (id: TensorId, rows: Rows, { value, copies }: Scope): Expression =>
  isUniform(rows) ? value(id) : call("Copies", [tuple(owners(rows)), copies(id)]);

function linear(op: OpOf<"linear">, scope: Scope): Expression {
  const { x, weight, bias, rstd, scale, residual } = op.in;
  if ((rstd ?? scale ?? residual ?? op.activation) !== undefined) later(op);
  const weights = [weight, ...(bias === undefined ? [] : [bias])].map((id) => weightOf(id, op.rows, scope));
  return isUniform(op.rows)
    ? call("F.linear", [scope.value(x), ...weights])
    : call("grouped_linear", [scope.value(x), "batch", ...weights]);
}

function conv(op: OpOf<"conv">, scope: Scope): Expression {
  const { x, weight, bias, tail, reset } = op.in;
  if ((tail ?? op.activation) !== undefined) later(op);
  const weights = [weight, bias].map((id) => weightOf(id, op.rows, scope));
  const resets = reset === undefined ? [] : [scope.maybe(reset)];
  return call("conv", [scope.value(x), "batch", ...weights, ...resets]);
}

function scan(op: OpOf<"scan">, scope: Scope): Expression {
  const { u, delta, B, C, A_log, D, z, h0, reset } = op.in;
  if ((z ?? h0) !== undefined) later(op);
  const weights = [weightOf(A_log, op.rowsA, scope), weightOf(D, op.rowsD, scope)];
  const resets = reset === undefined ? [] : [scope.maybe(reset)];
  return call("scan", [...[u, delta, B, C].map(scope.value), "batch", ...weights, ...resets]);
}

const widths = (op: OpOf<"split">, { program }: Scope): number[] =>
  Object.values(op.out).map((id) => tensorOf(program, id).shape.at(-1) as number);

/** Every op has a line, so that TypeScript asks for the line of a new one. */
export const LINES: { readonly [K in OpKind]: Print<K> } = {
  embed: ({ in: i }, { value }) => call("embed", [value(i.tokens), value(i.weight)]),
  gather: ({ in: i }, { value }) => `${value(i.table)}[${value(i.index)}]`,
  add_items: ({ in: i }, { value }) => call("add_items", [value(i.x), value(i.items), value(i.item)]),
  noise: ({ in: i, modality }, { value }) =>
    call("noised", [...[i.clean, i.level, i.item, i.items, i.key].map(value), "batch", String(modality)]),
  linear,
  rms: ({ in: i, eps }, { value }) => call("rms", [value(i.x), eps.toExponential()]),
  rescale: ({ in: i, rows }, scope) =>
    call("rescale", [scope.value(i.x), scope.value(i.rstd), "batch", weightOf(i.scale, rows, scope)]),
  conv,
  scan,
  rotate: ({ in: i, heads, inverse }, { value }) =>
    call("rotate", [...[i.x, i.position, i.table].map(value), String(heads), ...(inverse ? ["inverse=True"] : [])]),
  attention: ({ in: i, heads, kv_heads }, { value, maybe }) =>
    call("attention", [...[i.q, i.k, i.v].map(value), maybe(i.keys), "batch", String(heads), String(kv_heads)]),
  activate: ({ in: i, activation }, { value }) => call(`F.${activation}`, [value(i.x)]),
  add: ({ in: i }, { value }) => `${value(i.a)} + ${value(i.b)}`,
  subtract: ({ in: i }, { value }) => `${value(i.a)} - ${value(i.b)}`,
  multiply: ({ in: i }, { value }) => `${value(i.a)} * ${value(i.b)}`,
  split: (op, scope) => `${scope.value(op.in.x)}.split([${widths(op, scope).join(", ")}], dim=1)`,
  concat: ({ in: i }, { value }) => `torch.cat([${Object.values(i).map(value).join(", ")}], dim=1)`,
  cross_entropy: ({ in: i }, { value }) => call("cross_entropy", [value(i.logits), value(i.target)]),
  token_loss: ({ in: i }, { value }) => call("token_loss", [i.x, i.weight, i.target].map(value)),
  squared_error: ({ in: i }, { value }) => call("squared_error", [i.prediction, i.noise, i.item].map(value)),
  sum_by_class: ({ in: i }, { value, program }) =>
    i.class === undefined
      ? `${value(i.loss)}.sum()[None]`
      : call("sum_by_class", [value(i.loss), value(i.class), String(program.modalities)]),
  dot: ({ in: i }, { value }) => `(${value(i.a)} * ${value(i.b)}).sum()[None]`,
  swiglu: ({ in: i }, { value }) => `F.silu(${value(i.a)}) * ${value(i.b)}`,
  embed_grad: later,
  sum_items: later,
  linear_dx: later,
  linear_dw: later,
  norm_grad: later,
  conv_grad: later,
  scan_grad: later,
  attention_grad: later,
  append: later,
  choose: later,
  cast: later,
  amplify: later,
  activate_grad: later,
  swiglu_grad: later,
  cross_entropy_grad: later,
  squared_error_grad: later,
  gradient_norm: later,
  adamw: later,
  muon_sums: later,
  muon_begin: later,
  muon_end: later,
  matmul: later,
};

export const lineOf = (op: Op, scope: Scope): Expression => (LINES[op.kind] as Print<OpKind>)(op as never, scope);
