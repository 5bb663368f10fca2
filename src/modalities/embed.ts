// Embeddings of ids and items, as ops. All ids share one embedding. At the positions of items, patch_in·x_t + bias +
// t_embed(t) is added.

import type { Builder, Weight } from "../ir/builder.js";
import type { Rows } from "../ir/op.js";
import { shared } from "../ir/ownership.js";
import type { TensorId } from "../ir/tensor.js";
import { TIMESTEP_COLUMNS } from "./timestep.js";

/** x[r] = embed.weight[tokens[r]], or 0 if the batch's `embedded` [R] is negative (at items). */
export function embedIds(builder: Builder, vocabulary: number, d_model: number): TensorId {
  const weight = builder.parameter({
    names: ["embed.weight"],
    shape: [vocabulary, d_model],
    initial: { kind: "normal", deviation: 0.02 },
    layer: -1,
    part: 0,
    decay: true,
    of: shared(builder.modalities).of,
  });
  const tokens = builder.input("batch", { is: "embedded" }, [builder.rows], "i32");
  return builder.make("embed", { in: { tokens, weight } }, { y: "embedded_tokens" }).y;
}

export interface ItemInput {
  readonly name: string;
  /** Modality index. */
  readonly index: number;
  /** Numbers per position. */
  readonly columns: number;
  /** Adds the sinusoids [items, 256] of the items' times. */
  readonly times: () => TensorId;
}

/** Groups for a weight that only this modality uses: group 0 for it, none for the others. */
export const onlyAt = (modalities: number, index: number): number[] =>
  Array.from({ length: modalities }, (_, m) => (m === index ? 0 : -1));

/** Adds the patches [R, p] to x [R, d] and returns the sum. */
export function embedItems(builder: Builder, input: ItemInput, x: TensorId, patches: TensorId): TensorId {
  const { name, index, columns, times } = input;
  const d_model = builder.columns(x);
  const of = onlyAt(builder.modalities, index);
  const first = 16 + 8 * index;
  const weights = (stem: string, fanIn: number, part: number, over: Rows["over"]): readonly [Weight, Weight] => {
    const common = { initial: { kind: "linear", fanIn }, layer: -1, of } as const;
    const matrix = { ...common, names: [`${stem}.weight`], shape: [d_model, fanIn], part, decay: true };
    const bias = { ...common, names: [`${stem}.bias`], shape: [d_model], part: part + 1, decay: false };
    return [builder.weight(matrix, over), builder.weight(bias, over)];
  };

  const waves = times();
  const [in0, bias0] = weights(`t_embed.${name}.0`, TIMESTEP_COLUMNS, first + 2, "items");
  const active = builder.silu(`time_active.${name}`, builder.linear(`time_hidden.${name}`, waves, in0, bias0));
  const [in2, bias2] = weights(`t_embed.${name}.2`, d_model, first + 4, "items");
  const time = builder.linear(`time.${name}`, active, in2, bias2);

  const item = builder.input("batch", { is: "index", modality: name }, [builder.rows], "i32");
  const { y: timed } = builder.make("add_items", { in: { x, items: time, item } }, { y: `timed.${name}` });
  const [patchIn, patchBias] = weights(`patch_in.${name}`, columns, first, "positions");
  const projected = builder.linear(`projected.${name}`, patches, patchIn, patchBias);
  return builder.sum(`embedded.${name}`, projected, timed);
}
