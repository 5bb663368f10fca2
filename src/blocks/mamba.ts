// The `mamba` block as ops: x + mamba(norm(x)), as in the released MixtureOfMamba.py.

import type { Builder } from "../ir/builder.js";
import type { InitKind } from "../ir/initial.js";
import type { Rows } from "../ir/op.js";
import type { Ownership } from "../ir/ownership.js";
import type { TensorId } from "../ir/tensor.js";
import type { MambaFields } from "./mamba.fields.js";
import { NORM_EPS } from "./norm.js";
import type { Sequences } from "./sequences.js";

/** The numbers of a block's tensors in the keys of their random streams. */
const STREAM = {
  in_proj: 0,
  conv_weight: 1,
  conv_bias: 2,
  x_proj: 3,
  dt_weight: 4,
  dt_bias: 5,
  A_log: 6,
  D: 7,
  out_proj: 8,
  norm: 9,
} as const;

interface Piece {
  readonly owner: Ownership;
  /** Names in checkpoints when shared, and for group g; `*` stands for g. */
  readonly shared: string;
  readonly grouped: string;
  readonly shape: readonly number[];
  readonly initial: InitKind;
  readonly stream: keyof typeof STREAM;
  readonly decay: boolean;
}

/**
 * Declares the tensors of one block and returns the op sequence's output, [R, d_model]. With a state carried, the batch
 * has `state.layers.N.h` [batch, d_state, d_inner] and `state.layers.N.conv` [batch·(d_conv − 1), d_inner], the last
 * inputs of the convolution, oldest first; what they are after the last position are results named `next.…`.
 */
export function lowerMamba(
  builder: Builder,
  fields: MambaFields,
  layer: number,
  x: TensorId,
  sequences: Sequences,
): TensorId {
  const d_model = builder.shape(x).at(-1) as number;
  const d_inner = fields.expand * d_model;
  const { d_state, d_conv, dt_rank, parts } = fields;
  const R = builder.rows;
  const prefix = `layers.${layer}`;
  const inner = `${prefix}.mamba_model`;

  const declare = (piece: Piece): TensorId =>
    builder.parameter({
      names:
        piece.owner.groups === 1
          ? [piece.shared]
          : Array.from({ length: piece.owner.groups }, (_, g) => piece.grouped.replace("*", String(g))),
      shape: piece.shape,
      initial: piece.initial,
      layer,
      part: STREAM[piece.stream],
      decay: piece.decay,
      of: piece.owner.of,
    });
  const projection = (part: "in_proj" | "x_proj" | "out_proj", shape: readonly [number, number]): TensorId =>
    declare({
      owner: parts[part],
      shared: `${inner}.${part}.weight`,
      grouped: `${inner}.local_experts_${part}.*.weight`,
      shape,
      initial: { kind: "linear", fanIn: shape[1] },
      stream: part,
      decay: true,
    });

  const norm = declare({
    owner: parts.norm,
    shared: `${prefix}.norm.weight`,
    grouped: `${prefix}.local_experts_norm.*.weight`,
    shape: [d_model],
    initial: { kind: "ones" },
    stream: "norm",
    decay: false,
  });
  const in_proj = projection("in_proj", [2 * d_inner, d_model]);
  const conv_weight = declare({
    owner: parts.conv1d,
    shared: `${inner}.conv1d.weight`,
    grouped: `${inner}.local_experts_conv1d.*.weight`,
    shape: [d_inner, 1, d_conv],
    initial: { kind: "conv1d", d_conv },
    stream: "conv_weight",
    decay: true,
  });
  const conv_bias = declare({
    owner: parts.conv1d,
    shared: `${inner}.conv1d.bias`,
    grouped: `${inner}.local_experts_conv1d.*.bias`,
    shape: [d_inner],
    initial: { kind: "conv1d", d_conv },
    stream: "conv_bias",
    decay: false,
  });
  const x_proj = projection("x_proj", [dt_rank + 2 * d_state, d_inner]);
  const dt_weight = declare({
    owner: parts.dt_proj,
    shared: `${inner}.dt_proj.weight`,
    grouped: `${inner}.local_experts_dt_proj.*.weight`,
    shape: [d_inner, dt_rank],
    initial: { kind: "dt_weight", dt_rank },
    stream: "dt_weight",
    decay: true,
  });
  const dt_bias = declare({
    owner: parts.dt_proj,
    shared: `${inner}.dt_proj.bias`,
    grouped: `${inner}.local_experts_dt_proj.*.bias`,
    shape: [d_inner],
    initial: { kind: "dt_bias" },
    stream: "dt_bias",
    decay: false,
  });
  const A_log = declare({
    owner: parts.A,
    shared: `${inner}.A_log`,
    grouped: `${inner}.local_experts_A_log.*`,
    shape: [d_inner, d_state],
    initial: { kind: "A_log", d_state },
    stream: "A_log",
    decay: false,
  });
  const D = declare({
    owner: parts.D,
    shared: `${inner}.D`,
    grouped: `${inner}.local_experts_D.*`,
    shape: [d_inner],
    initial: { kind: "ones" },
    stream: "D",
    decay: false,
  });
  const out_proj = projection("out_proj", [d_model, d_inner]);

  const rowsOf = (part: keyof typeof parts): Rows => ({ over: "positions", ...parts[part] });
  const value = (name: string, ...shape: number[]): TensorId => builder.tensor("value", `${prefix}.${name}`, shape);
  const linear = (
    name: string,
    input: TensorId,
    weight: TensorId,
    part: keyof typeof parts,
    bias?: TensorId,
  ): TensorId => {
    const y = value(name, R, builder.shape(weight)[1] as number);
    const inputs = bias === undefined ? { x: input, weight } : { x: input, weight, bias };
    builder.op({ kind: "linear", in: inputs, out: { y }, rows: rowsOf(part) });
    return y;
  };
  const activate = (name: string, input: TensorId, activation: "silu" | "softplus"): TensorId => {
    const y = value(name, ...builder.shape(input));
    builder.op({ kind: "activate", in: { x: input }, out: { y }, activation });
    return y;
  };

  /** One part of the state, as it enters and as it leaves. */
  const carried = (name: string, ...shape: number[]): { enters: TensorId; leaves: TensorId } | undefined => {
    if (sequences.state === "none") return undefined;
    return {
      enters: builder.input("batch", `state.${prefix}.${name}`, shape),
      leaves: builder.tensor("result", `next.${prefix}.${name}`, shape),
    };
  };

  const reset = sequences.reset ? { reset: builder.input("batch", "reset", [R], "u32") } : {};

  const rstd = value("rstd", R);
  builder.op({ kind: "rms", in: { x }, out: { rstd }, eps: NORM_EPS });
  const normed = value("normed", R, d_model);
  builder.op({ kind: "rescale", in: { x, rstd, scale: norm }, out: { y: normed }, rows: rowsOf("norm") });

  const uz = linear("uz", normed, in_proj, "in_proj");
  const before = value("u_in", R, d_inner);
  const z = value("z", R, d_inner);
  builder.op({ kind: "split", in: { x: uz }, out: { "0": before, "1": z } });

  const convolved = value("convolved", R, d_inner);
  const tails = carried("conv", builder.batch * (d_conv - 1), d_inner);
  builder.op({
    kind: "conv",
    in: { x: before, weight: conv_weight, bias: conv_bias, ...(tails && { tail: tails.enters }), ...reset },
    out: { y: convolved, ...(tails && { tail_out: tails.leaves }) },
    rows: rowsOf("conv1d"),
  });
  const u = activate("u", convolved, "silu");

  const dbc = linear("dbc", u, x_proj, "x_proj");
  const dt = value("dt", R, dt_rank);
  const B = value("B", R, d_state);
  const C = value("C", R, d_state);
  builder.op({ kind: "split", in: { x: dbc }, out: { "0": dt, "1": B, "2": C } });

  const dropped = fields.dt_bias === "never" || (fields.dt_bias === "released" && parts.dt_proj.groups === 1);
  const delta = activate(
    "delta",
    linear("delta_in", dt, dt_weight, "dt_proj", dropped ? undefined : dt_bias),
    "softplus",
  );

  const y = value("y", R, d_inner);
  const carry = value("carry", builder.batch * builder.chunks, d_state, d_inner);
  const h = carried("h", builder.batch, d_state, d_inner);
  builder.op({
    kind: "scan",
    in: { u, delta, B, C, A_log, D, ...(h && { h0: h.enters }), ...reset },
    out: { y, carry, ...(h && { h_end: h.leaves }) },
    rowsA: rowsOf("A"),
    rowsD: rowsOf("D"),
  });
  const gate = activate("gate", z, "silu");
  const gated = value("gated", R, d_inner);
  builder.op({ kind: "multiply", in: { a: y, b: gate }, out: { y: gated } });

  const out = linear("mixed", gated, out_proj, "out_proj");
  const next = value("out", R, d_model);
  builder.op({ kind: "add", in: { a: out, b: x }, out: { y: next } });
  return next;
}
