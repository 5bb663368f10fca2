// The head and the squared error at the positions of items, for every objective of items.
import type { Builder } from "../ir/builder.js";
import type { TensorId } from "../ir/tensor.js";
import { ddpm } from "./ddpm.js";
import type { ItemObjective, ItemRow } from "./item-objective.js";
import type { Objective, ObjectiveKind } from "./objective.fields.js";
import { rectified_flow } from "./rectified_flow.js";

type OfItems = Exclude<ObjectiveKind, "cross_entropy">;

const ITEM_OBJECTIVES: { readonly [K in OfItems]: ItemRow<Extract<Objective, { readonly kind: K }>> } = {
  ddpm,
  rectified_flow,
};

/** All samplers of items, over all objectives. */
export const ITEM_SAMPLERS: readonly string[] = [
  ...new Set(Object.values(ITEM_OBJECTIVES).flatMap(({ samplers }) => samplers)),
];

/** The objective of a modality of items. */
export interface OfItem extends ItemObjective {
  /** The factor of its loss; 0 if items are only read. */
  readonly weight: number;
  readonly samplers: readonly string[];
}

/** Without an objective, items are clean, at t = 0 of a single step. */
const READ: OfItem = {
  ...ddpm.of({ steps: 1 }),
  weight: 0,
  samplers: [],
  draw: () => 0,
  finished: 0,
  given: (name) => ({ tensor: "timestep", integer: true, most: 0, because: `${name} has no objective` }),
};

/** The objective of a modality's items. */
export function ofItems(objective: Objective | undefined): OfItem {
  if (objective === undefined) return READ;
  const { kind, weight } = objective;
  if (kind === "cross_entropy") throw new Error("cross_entropy does not predict items");
  const { samplers, of } = ITEM_OBJECTIVES[kind] as ItemRow<Objective>;
  return { ...of(objective), weight, samplers };
}

/** A modality whose items the model predicts. */
export interface Learned {
  readonly name: string;
  /** Modality index. */
  readonly index: number;
  /** Numbers per position. */
  readonly columns: number;
  /** The target of the prediction, [R, columns]; undefined if the program only predicts. */
  readonly target: TensorId | undefined;
}

/**
 * Adds `patch_out` to hidden states x [R, d]. The result is `loss.NAME` [1], or `prediction.NAME` [R, columns] without
 * a target.
 */
export function lowerItemLoss(builder: Builder, x: TensorId, of: readonly number[], item: Learned): void {
  const { name, index: modality, columns, target } = item;
  const d_model = builder.columns(x);
  const common = { initial: { kind: "linear", fanIn: d_model }, layer: -1, of } as const;
  const part = 16 + 8 * modality;
  const weight = builder.weight({
    ...common,
    names: [`patch_out.${name}.weight`],
    shape: [columns, d_model],
    part: part + 6,
    decay: true,
  });
  const bias = builder.weight({
    ...common,
    names: [`patch_out.${name}.bias`],
    shape: [columns],
    part: part + 7,
    decay: false,
  });
  const prediction = builder.linear(`prediction.${name}`, x, weight, bias);
  if (target === undefined) {
    builder.publish(prediction, { is: "prediction", modality: name });
    return;
  }
  const index = builder.input("batch", { is: "index", modality: name }, [builder.rows], "i32");
  const scale = builder.input("batch", { is: "scale", modality: name }, [builder.rows]);
  const call = { in: { prediction, noise: target, item: index, scale } };
  const { loss } = builder.make("squared_error", call, { loss: `patch_loss.${name}` });
  const { sums } = builder.make("sum_by_class", { in: { loss } }, { sums: `loss.${name}` });
  builder.publish(sums, { is: "item_losses", modality: name });
}
