// What each arm of an ablation costs, before anything runs: parameters, and FLOPs of an update on the data as they are.
import type { Costs } from "../../ablate/collect.js";
import type { Arm, Design } from "../../ablate/design.js";
import { trainingOn } from "../../compile.js";
import type { DataSet } from "../../data/data-set.js";
import { openTraining } from "../../data/order.js";
import { openStreams } from "../../data/streams.js";
import type { CheckedSpec } from "../../front/spec.js";
import { costOf } from "../../inspect/inspection.js";
import type { Profile } from "../../ir/plan.js";
import { profileNamed } from "../../ir/profiles.js";
import { lossUnits } from "../units.js";

/** Micro-batches whose positions are counted: enough for the share of each modality to a few in a thousand. */
const COUNTED = 32;

/** Positions of each modality in an update, on average over the first batches; padding is none. */
export function positionsOf({ data, train, model }: CheckedSpec, dataSet: DataSet): number[] {
  const { length, carry } = data;
  const { batch, seed, accumulate } = train;
  const order = (carry ? openStreams : openTraining)(dataSet, { length, batch, seed, accumulate });
  const counts = model.modalities.map(() => 0);
  for (let i = 0; i < COUNTED; i++) {
    const { modality, document } = order.next();
    modality.forEach((m, position) => {
      if ((document[position] as number) >= 0) counts[m] = (counts[m] ?? 0) + 1;
    });
  }
  return counts.map((positions) => (positions * accumulate) / COUNTED);
}

/** Held-out documents with a modality; each has a marker of the modality that owns the markers. */
const heldOutOf = ({ validation, documents, parts }: DataSet, modality: number): number =>
  modality === parts.vocabulary.owner
    ? validation.length
    : validation.filter((number) => documents[number]?.segments.some((one) => one.modality === modality)).length;

function armCost({ spec }: Arm, dataSet: DataSet): Costs["arms"][number] {
  const { parameters, modalities } = costOf(spec, trainingOn(spec, profileNamed("webgpu-default") as Profile));
  const positions = positionsOf(spec, dataSet);
  return {
    parameters: { total: parameters.total, active: parameters.active },
    flops: modalities.reduce((sum, { training }, m) => sum + training * (positions[m] as number), 0),
  };
}

/**
 * @param dataSetOf the data that an arm is trained on
 * @param spec the spec that varies, as text
 */
export async function costsOf(
  { arms }: Design,
  spec: string,
  dataSetOf: (spec: CheckedSpec) => Promise<DataSet>,
): Promise<Costs> {
  const costs: Costs["arms"][number][] = [];
  const heldOut = new Map<string, Set<number>>();
  for (const arm of arms) {
    const dataSet = await dataSetOf(arm.spec);
    costs.push(armCost(arm, dataSet));
    arm.spec.model.modalities.forEach(({ name }, m) => {
      heldOut.set(name, (heldOut.get(name) ?? new Set()).add(heldOutOf(dataSet, m)));
    });
  }
  const units = Object.assign({}, ...arms.map((arm) => lossUnits(arm.spec))) as Record<string, string>;
  const ascending = (counts: Iterable<number>): number[] => [...counts].sort((a, b) => a - b);
  const modalities = Object.entries(units).map(([name, unit]) => ({
    name,
    unit,
    heldOut: ascending(heldOut.get(name) ?? []),
  }));
  return { arms: costs, modalities, spec };
}
