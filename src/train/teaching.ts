// Checks that a spec's objectives have something to learn in its data.
import type { DataSet } from "../data/data-set.js";
import { documentBatch } from "../data/fixed-batches.js";
import { positionsOf } from "../data/packing.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { countOf, countsOf } from "./host-batch.js";

/** @throws InputError if `keep_best` or `stop` names a loss that the held-out documents do not have */
export function checkMonitored(spec: CheckedSpec, dataSet: DataSet): void {
  const { keep_best, stop } = spec.train;
  for (const on of [keep_best, stop?.on]) {
    if (on === undefined) continue;
    const dot = on.indexOf(".");
    const set = dot < 0 ? undefined : on.slice(0, dot);
    const modality = spec.model.modalities.findIndex(({ name }) => name === on.slice(dot + 1));
    const sets = dataSet.validationSets.filter(({ name }) => set === undefined || name === set);
    const has = (document: number) => countOf(spec, countsOfOne(spec, dataSet, document), modality) > 0;
    if (sets.some(({ documents }) => documents.some(has))) continue;
    const names = dataSet.validationSets.flatMap(({ name }) => name ?? []);
    throw new InputError(
      "no-documents",
      `there is no validation loss ${on}: no held-out document has anything to predict for it`,
      names.length > 0 ? `The validation sets are ${names.join(", ")}.` : "Add such documents, or name another loss.",
    );
  }
}

const countsOfOne = (spec: CheckedSpec, dataSet: DataSet, document: number) =>
  countsOf(spec, [documentBatch(dataSet, [document], { length: positionsOf(dataSet, document) })]);

/** @throws InputError if no training document has a token or a patch that an objective predicts */
export function checkTeaches(spec: CheckedSpec, dataSet: DataSet): void {
  const teaches = (document: number) => {
    const counts = countsOfOne(spec, dataSet, document);
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
