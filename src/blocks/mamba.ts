// The `mamba` block as ops, x + mamba(norm(x)), and its tensors, named as in the released MixtureOfMamba.py.
import type { Builder } from "../ir/builder.js";
import type { TensorId } from "../ir/tensor.js";
import type { MambaFields, MambaPart } from "./mamba.fields.js";
import { NORM_EPS } from "./norm.js";
import type { Sequences } from "./sequences.js";
import { declareWeights, type Piece } from "./weights.js";

type Names = Piece<MambaPart>["names"];

const within = (part: string, suffix: string): Names => [
  `mamba_model.${part}${suffix}`,
  `mamba_model.local_experts_${part}.*${suffix}`,
];

/**
 * The tensors of a block, in the order of declaration. d columns of the stream, E channels, N states, W taps, r rank of
 * Δ.
 */
function piecesOf({ d, E, N, W, r }: Readonly<Record<"d" | "E" | "N" | "W" | "r", number>>) {
  const projection = (part: MambaPart, stream: number, rows: number, columns: number): Piece<MambaPart> => ({
    part,
    stream,
    names: within(part, ".weight"),
    shape: [rows, columns],
    initial: { kind: "linear", fanIn: columns },
    decay: true,
  });
  const conv = { part: "conv1d", initial: { kind: "conv1d", d_conv: W } } as const;
  const ones = { initial: { kind: "ones" }, decay: false } as const;
  return {
    norm: { part: "norm", stream: 9, names: ["norm.weight", "local_experts_norm.*.weight"], shape: [d], ...ones },
    in_proj: projection("in_proj", 0, 2 * E, d),
    conv_weight: { ...conv, stream: 1, names: within("conv1d", ".weight"), shape: [E, 1, W], decay: true },
    conv_bias: { ...conv, stream: 2, names: within("conv1d", ".bias"), shape: [E], decay: false },
    x_proj: projection("x_proj", 3, r + 2 * N, E),
    dt_weight: { ...projection("dt_proj", 4, E, r), initial: { kind: "dt_weight", dt_rank: r } },
    dt_bias: {
      part: "dt_proj",
      stream: 5,
      names: within("dt_proj", ".bias"),
      shape: [E],
      initial: { kind: "dt_bias" },
      decay: false,
    },
    A_log: {
      part: "A",
      stream: 6,
      names: within("A_log", ""),
      shape: [E, N],
      initial: { kind: "A_log", d_state: N },
      decay: false,
    },
    D: { part: "D", stream: 7, names: within("D", ""), shape: [E], ...ones },
    out_proj: projection("out_proj", 8, d, E),
  } as const satisfies Readonly<Record<string, Piece<MambaPart>>>;
}

/**
 * Declares the tensors of one block and returns its output, [R, d_model]. With a carried state, the batch has the
 * layer's parts `h` [batch, d_state, d_inner] and `conv` [batch·(d_conv − 1), d_inner], the last inputs of the
 * convolution, oldest first. Their values after the last position are results.
 */
export function lowerMamba(
  builder: Builder,
  fields: MambaFields,
  layer: number,
  x: TensorId,
  sequences: Sequences,
): TensorId {
  const { d_state: N, d_conv: W, dt_rank: r, dt_bias, parts } = fields;
  const d = builder.columns(x);
  const E = fields.expand * d;
  const w = declareWeights(builder, layer, parts, piecesOf({ d, E, N, W, r }));
  const b = builder.within(`layers.${layer}`);

  /** One part of the state: the incoming and the outgoing tensor. */
  const carried = (part: string, ...shape: number[]): readonly [TensorId, TensorId] | undefined => {
    if (sequences.state === "none") return undefined;
    const state = b.input("batch", { is: "state", layer, part }, shape);
    return [state, b.field("result", { is: "next", layer, part }, shape)];
  };
  const reset = sequences.reset ? { reset: b.input("batch", { is: "reset" }, [b.rows], "u32") } : {};

  const normed = b.norm("norm", x, w.norm, NORM_EPS);
  const { u_in, z } = b.split(b.linear("uz", normed, w.in_proj), { u_in: E, z: E });

  const tail = carried("conv", b.batch * (W - 1), E);
  const { y: convolved } = b.make(
    "conv",
    {
      in: { x: u_in, weight: w.conv_weight.id, bias: w.conv_bias.id, ...(tail && { tail: tail[0] }), ...reset },
      rows: w.conv_weight.rows,
    },
    { y: "convolved", ...(tail && { tail_out: tail[1] }) },
  );
  const u = b.silu("u", convolved);

  const { dt, B, C } = b.split(b.linear("dbc", u, w.x_proj), { dt: r, B: N, C: N });
  const biased = dt_bias === "always" || (dt_bias === "released" && parts.dt_proj.groups > 1);
  const delta = b.softplus("delta", b.linear("delta_in", dt, w.dt_weight, biased ? w.dt_bias : undefined));

  const h = carried("h", b.batch, N, E);
  const { y } = b.make(
    "scan",
    {
      in: { u, delta, B, C, A_log: w.A_log.id, D: w.D.id, ...(h && { h0: h[0] }), ...reset },
      rowsA: w.A_log.rows,
      rowsD: w.D.rows,
    },
    { y: "y", carry: "carry", ...(h && { h_end: h[1] }) },
  );
  const gated = b.product("gated", y, b.silu("gate", z));
  return b.sum("out", b.linear("mixed", gated, w.out_proj), x);
}
