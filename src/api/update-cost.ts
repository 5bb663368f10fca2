// The cost of an update on the data of a run: parameters, and FLOPs by the share of each modality.
import { trainingOn } from "../compile.js";
import type { DataSet } from "../data/data-set.js";
import { openTraining } from "../data/order.js";
import { openStreams } from "../data/streams.js";
import type { CheckedSpec } from "../front/spec.js";
import { costOf } from "../inspect/inspection.js";
import type { Profile } from "../ir/plan.js";
import { DEFAULT_DEVICE, profileNamed } from "../ir/profiles.js";

/** The number of micro-batches to count. The shares of modalities are then accurate to a few in a thousand. */
const COUNTED = 32;

/** Mean positions of each modality in an update over the first batches, without padding. */
function positionsOf({ data, train, model }: CheckedSpec, dataSet: DataSet): number[] {
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

/** A device that supports every spec in f32. Neither parameters nor FLOPs depend on the device or the precision. */
const ANY = profileNamed(DEFAULT_DEVICE) as Profile;

/** The parameters of a spec, and the FLOPs of one update, forward and backward, on average data. */
export function updateCost(spec: CheckedSpec, dataSet: DataSet) {
  const inF32: CheckedSpec = { ...spec, train: { ...spec.train, precision: "f32" } };
  const { parameters, modalities } = costOf(inF32, trainingOn(inF32, ANY));
  const positions = positionsOf(spec, dataSet);
  const flops = modalities.reduce((sum, { training }, m) => sum + training * (positions[m] as number), 0);
  return { parameters, flops };
}
