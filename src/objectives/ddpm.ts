// `ddpm` as ops: the noise in each patch, predicted at the patch's own position.

import type { Builder } from "../ir/builder.js";
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
export function lowerDdpm(builder: Builder, x: TensorId, of: readonly number[], picture: Diffused): TensorId {
  const { name, index: modality, patchSize, noise } = picture;
  const d_model = builder.columns(x);
  const common = { initial: { kind: "linear", fanIn: d_model }, layer: -1, of } as const;
  const part = 16 + 8 * modality;
  const weight = builder.weight({
    ...common,
    names: [`patch_out.${name}.weight`],
    shape: [patchSize, d_model],
    part: part + 6,
    decay: true,
  });
  const bias = builder.weight({
    ...common,
    names: [`patch_out.${name}.bias`],
    shape: [patchSize],
    part: part + 7,
    decay: false,
  });
  const prediction = builder.linear(`prediction.${name}`, x, weight, bias);
  if (noise === undefined) {
    builder.publish(prediction, `prediction.${name}`);
    return prediction;
  }
  const index = builder.input("batch", `picture.${name}`, [builder.rows], "i32");
  const scale = builder.input("batch", `scale.${name}`, [builder.rows]);
  const call = { in: { prediction, noise, picture: index, scale } };
  const { loss } = builder.make("squared_error", call, { loss: `patch_loss.${name}` });
  const { sums } = builder.make("sum_by_class", { in: { loss } }, { sums: `loss.${name}` });
  builder.publish(sums, `loss.${name}`);
  return prediction;
}
