// Patches on their way in, as ops: patch_in·x_t + bias + t_embed(t), added at the patches' positions.

import type { Builder, Weight } from "../ir/builder.js";
import type { Rows } from "../ir/op.js";
import type { TensorId } from "../ir/tensor.js";

/** Numbers in the sinusoidal embedding of a timestep. */
export const TIMESTEP_COLUMNS = 256;

/** [cos, sin] of t·exp(−ln 10000·k/128), k = 0..127, for t = 0..T: the constant `timesteps.T`, [T + 1, 256]. */
export function timestepTable(T: number): Float32Array<ArrayBuffer> {
  const half = TIMESTEP_COLUMNS / 2;
  return Float32Array.from({ length: (T + 1) * TIMESTEP_COLUMNS }, (_, i) => {
    const t = Math.floor(i / TIMESTEP_COLUMNS);
    const k = i % TIMESTEP_COLUMNS;
    const angle = t * Math.exp((-Math.log(10000) * (k % half)) / half);
    return k < half ? Math.cos(angle) : Math.sin(angle);
  });
}

export interface PatchInput {
  readonly name: string;
  /** Modality index. */
  readonly index: number;
  readonly patchSize: number;
  /** Most pictures that a batch can hold. */
  readonly pictures: number;
  /** T: timesteps are 1..T. */
  readonly steps: number;
}

/** Only positions of this modality have a copy of its weights: group 0 there, none elsewhere. */
export const onlyAt = (modalities: number, index: number): number[] =>
  Array.from({ length: modalities }, (_, m) => (m === index ? 0 : -1));

/** Adds the patches [R, p] to x [R, d] and returns the sum. */
export function embedPatches(builder: Builder, input: PatchInput, x: TensorId, patches: TensorId): TensorId {
  const { name, index, patchSize, pictures, steps } = input;
  const d_model = builder.columns(x);
  const of = onlyAt(builder.modalities, index);
  const first = 16 + 8 * index;
  const weights = (stem: string, fanIn: number, part: number, over: Rows["over"]): readonly [Weight, Weight] => {
    const common = { initial: { kind: "linear", fanIn }, layer: -1, of } as const;
    const matrix = { ...common, names: [`${stem}.weight`], shape: [d_model, fanIn], part, decay: true };
    const bias = { ...common, names: [`${stem}.bias`], shape: [d_model], part: part + 1, decay: false };
    return [builder.weight(matrix, over), builder.weight(bias, over)];
  };

  const table = builder.input("constant", `timesteps.${steps}`, [steps + 1, TIMESTEP_COLUMNS]);
  const timestep = builder.input("batch", `timestep.${name}`, [pictures], "i32");
  const { y: waves } = builder.make("gather", { in: { table, index: timestep } }, { y: `waves.${name}` });
  const [in0, bias0] = weights(`t_embed.${name}.0`, TIMESTEP_COLUMNS, first + 2, "pictures");
  const active = builder.silu(`time_active.${name}`, builder.linear(`time_hidden.${name}`, waves, in0, bias0));
  const [in2, bias2] = weights(`t_embed.${name}.2`, d_model, first + 4, "pictures");
  const time = builder.linear(`time.${name}`, active, in2, bias2);

  const picture = builder.input("batch", `picture.${name}`, [builder.rows], "i32");
  const { y: timed } = builder.make("add_pictures", { in: { x, pictures: time, picture } }, { y: `timed.${name}` });
  const [patchIn, patchBias] = weights(`patch_in.${name}`, patchSize, first, "positions");
  const projected = builder.linear(`projected.${name}`, patches, patchIn, patchBias);
  return builder.sum(`embedded.${name}`, projected, timed);
}
