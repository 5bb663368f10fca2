// The data sets of an ablation's variants. Variants with the same data share one.

import type { DataSet } from "../../data/data-set.js";
import { type PrepareOptions, prepare } from "../../data/prepare.js";
import type { CheckedSpec } from "../../front/spec.js";

/** @param where the folder of the spec's file, and the files that it may read */
export function dataSetsIn(
  where: Pick<PrepareOptions, "host" | "folder" | "reach" | "skipBad">,
  notice: (text: string) => void,
): (spec: CheckedSpec) => Promise<DataSet> {
  const known = new Map<string, Promise<DataSet>>();
  return ({ data, model }) => {
    const { modalities, vocabulary } = model;
    const key = JSON.stringify({ data, modalities, vocabulary });
    const opened = known.get(key) ?? prepare(data, model, { ...where, notice }).then(({ dataSet }) => dataSet);
    known.set(key, opened);
    return opened;
  };
}
