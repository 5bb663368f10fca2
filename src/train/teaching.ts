// Checks that a spec's objectives have something to learn in its data.
import type { DataSet } from "../data/data-set.js";
import { documentBatch } from "../data/fixed-batches.js";
import { positionsOf } from "../data/packing.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { countOf, countsOf } from "./host-batch.js";

/** @throws InputError if no training document has a token or a patch that an objective predicts */
export function checkTeaches(spec: CheckedSpec, dataSet: DataSet): void {
  const teaches = (document: number) => {
    const counts = countsOf(spec, [documentBatch(dataSet, [document], { length: positionsOf(dataSet, document) })]);
    return spec.objectives.some((objective, m) => objective && countOf(spec, counts, m) > 0);
  };
  if (dataSet.train.some(teaches)) return;
  const names = spec.model.modalities.filter((_, m) => spec.objectives[m]).map(({ name }) => name);
  throw new InputError(
    "no-documents",
    `none of the ${dataSet.train.length} training documents has anything to predict for ${names.join(" or ")}`,
    "Add such segments to the data (text of at least two tokens), or add an objective to a modality that the data have.",
  );
}
