// Patches on their way in, as ops: patch_in·x_t + bias + t_embed(t), added at the patches' positions.

import type { Builder } from "../ir/builder.js";
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

/** Only positions of this modality. */
export const rowsOfModality = (modalities: number, index: number): Rows => ({
  over: "positions",
  groups: 1,
  of: Array.from({ length: modalities }, (_, m) => (m === index ? 0 : -1)),
});

/** Adds the patches [R, p] to x [R, d] and returns the sum. */
export function embedPatches(builder: Builder, input: PatchInput, x: TensorId, patches: TensorId): TensorId {
  const { name, index, patchSize, pictures, steps } = input;
  const d_model = builder.shape(x).at(-1) as number;
  const R = builder.rows;
  const rows = rowsOfModality(builder.modalities, index);
  const part = 16 + 8 * index;
  const of = rows.over === "positions" ? rows.of : [];
  const weightAndBias = (stem: string, fanIn: number, at: number): { weight: TensorId; bias: TensorId } => {
    const initial = { kind: "linear", fanIn } as const;
    const common = { initial, layer: -1, of };
    return {
      weight: builder.parameter({
        ...common,
        names: [`${stem}.weight`],
        shape: [d_model, fanIn],
        part: at,
        decay: true,
      }),
      bias: builder.parameter({ ...common, names: [`${stem}.bias`], shape: [d_model], part: at + 1, decay: false }),
    };
  };
  const value = (label: string, ...shape: number[]): TensorId => builder.tensor("value", `${label}.${name}`, shape);

  const table = builder.input("constant", `timesteps.${steps}`, [steps + 1, TIMESTEP_COLUMNS]);
  const timestep = builder.input("batch", `timestep.${name}`, [pictures], "i32");
  const waves = value("waves", pictures, TIMESTEP_COLUMNS);
  builder.op({ kind: "gather", in: { table, index: timestep }, out: { y: waves } });
  const overPictures: Rows = { over: "pictures", groups: 1 };
  const hidden = value("time_hidden", pictures, d_model);
  const first = weightAndBias(`t_embed.${name}.0`, TIMESTEP_COLUMNS, part + 2);
  builder.op({ kind: "linear", in: { x: waves, ...first }, out: { y: hidden }, rows: overPictures });
  const active = value("time_active", pictures, d_model);
  builder.op({ kind: "activate", in: { x: hidden }, out: { y: active }, activation: "silu" });
  const time = value("time", pictures, d_model);
  const second = weightAndBias(`t_embed.${name}.2`, d_model, part + 4);
  builder.op({ kind: "linear", in: { x: active, ...second }, out: { y: time }, rows: overPictures });

  const picture = builder.input("batch", `picture.${name}`, [R], "i32");
  const timed = value("timed", R, d_model);
  builder.op({ kind: "add_pictures", in: { x, pictures: time, picture }, out: { y: timed } });

  const projected = value("projected", R, d_model);
  const patch_in = weightAndBias(`patch_in.${name}`, patchSize, part);
  builder.op({ kind: "linear", in: { x: patches, ...patch_in }, out: { y: projected }, rows });
  const y = value("embedded", R, d_model);
  builder.op({ kind: "add", in: { a: projected, b: timed }, out: { y } });
  return y;
}
