// `ddpm` as ops: the noise in each patch, predicted at the patch's own position.

import type { Builder } from "../ir/builder.js";
import type { Rows } from "../ir/op.js";
import type { TensorId } from "../ir/tensor.js";

/** ᾱ(t) of the cosine schedule: f(t)/f(0), f(t) = cos²((t/T + 0.008)/1.008 · π/2) (Nichol and Dhariwal 2021, eq. 17). */
export function alphaBar(t: number, T: number): number {
  const f = (s: number): number => Math.cos((((s / T + 0.008) / 1.008) * Math.PI) / 2) ** 2;
  return f(t) / f(0);
}

export interface Diffused {
  readonly name: string;
  /** Modality index. */
  readonly index: number;
  readonly patchSize: number;
  /** The noise to predict [R, p]; undefined where only the prediction is wanted. */
  readonly noise: TensorId | undefined;
}

/** Adds `patch_out` to hidden states x [R, d]; with a noise to predict, the result `loss.NAME` [1] too. Returns the prediction. */
export function lowerDdpm(builder: Builder, x: TensorId, rows: Rows, picture: Diffused): TensorId {
  const { name, patchSize, noise } = picture;
  const d_model = builder.shape(x).at(-1) as number;
  const R = builder.rows;
  const initial = { kind: "linear", fanIn: d_model } as const;
  const keys = { layer: -1, of: rows.over === "positions" ? rows.of : [] };
  const part = 16 + 8 * picture.index;
  const weight = builder.parameter({
    ...keys,
    names: [`patch_out.${name}.weight`],
    shape: [patchSize, d_model],
    initial,
    part: part + 6,
    decay: true,
  });
  const bias = builder.parameter({
    ...keys,
    names: [`patch_out.${name}.bias`],
    shape: [patchSize],
    initial,
    part: part + 7,
    decay: false,
  });
  const prediction = builder.tensor(noise === undefined ? "result" : "value", `prediction.${name}`, [R, patchSize]);
  builder.op({ kind: "linear", in: { x, weight, bias }, out: { y: prediction }, rows });
  if (noise === undefined) return prediction;
  const loss = builder.tensor("value", `patch_loss.${name}`, [R]);
  const index = builder.input("batch", `picture.${name}`, [R], "i32");
  const scale = builder.input("batch", `scale.${name}`, [R]);
  builder.op({ kind: "squared_error", in: { prediction, noise, picture: index, scale }, out: { loss } });
  const sums = builder.tensor("result", `loss.${name}`, [1]);
  builder.op({ kind: "sum_by_class", in: { loss }, out: { sums } });
  return prediction;
}
