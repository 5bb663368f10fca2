// Reads the sums of losses that a phase computes on the device, by modality.
import type { CheckedSpec } from "../front/spec.js";
import { LOSS_SCALE } from "../ir/loss-scale.js";
import { labelOf } from "../ir/meaning.js";
import { learnedOf } from "../objectives/objective.fields.js";
import type { Model } from "./model.js";

export interface LossSums {
  /** Sums over predicted ids, by the target's modality. */
  readonly ids: readonly number[];
  /** Sums over items, by the modality's name. */
  readonly items: ReadonlyMap<string, number>;
}

type Results = Pick<Model, "hasResult" | "results" | "lossScale">;

/** The loss sums of the last submitted phase, and its other results with these names. Does not wait for earlier phases. */
async function readWith(
  model: Results,
  spec: CheckedSpec,
  others: readonly string[],
): Promise<{ sums: LossSums; others: Float32Array[] }> {
  const items = spec.model.modalities.flatMap(({ name }, index) =>
    learnedOf(spec.objectives[index]) === "items" && model.hasResult(labelOf({ is: "item_losses", modality: name }))
      ? [name]
      : [],
  );
  const ofItems = items.map((modality) => labelOf({ is: "item_losses", modality }));
  const ofIds = labelOf({ is: "id_losses" });
  const found = await model.results([...others, ...ofItems, ...(model.hasResult(ofIds) ? [ofIds] : [])]);
  const sums = found.slice(others.length);
  return {
    sums: {
      ids: [...(sums[items.length] ?? new Float32Array(spec.model.modalities.length))],
      items: new Map(items.map((name, i) => [name, sums[i]?.[0] as number])),
    },
    others: found.slice(0, others.length),
  };
}

export const readLossSums = async (model: Results, spec: CheckedSpec): Promise<LossSums> =>
  (await readWith(model, spec, [])).sums;

export interface UpdateResults {
  /** The loss sums of the last micro-batch. */
  readonly sums: LossSums;
  readonly gradientNorm: number;
  readonly finite: boolean;
  /** The loss scale after the update, if gradients are scaled. */
  readonly lossScale: number | undefined;
}

/** The results of the last submitted update. Does not wait for earlier updates. */
export async function readUpdate(model: Results, spec: CheckedSpec): Promise<UpdateResults> {
  const scaled = model.lossScale ? [labelOf(LOSS_SCALE.means)] : [];
  const { sums, others } = await readWith(model, spec, [labelOf({ is: "grad_norm" }), ...scaled]);
  const [gradient, scale] = others;
  const [norm, bad] = gradient as Float32Array;
  return { sums, gradientNorm: norm as number, finite: bad === 0, lossScale: scale?.[0] };
}

export function addLossSums(all: readonly LossSums[]): LossSums {
  const ids: number[] = [];
  const items = new Map<string, number>();
  for (const sums of all) {
    sums.ids.forEach((value, m) => {
      ids[m] = (ids[m] ?? 0) + value;
    });
    for (const [name, value] of sums.items) items.set(name, (items.get(name) ?? 0) + value);
  }
  return { ids, items };
}
