// The data of an ablation's variants: prepared once for those that read the same.

import type { DataSet } from "../../data/data-set.js";
import { prepare } from "../../data/prepare.js";
import type { CheckedSpec } from "../../front/spec.js";

/** @param folder that of the spec's file */
export function dataSetsIn(folder: string, notice: (text: string) => void): (spec: CheckedSpec) => Promise<DataSet> {
  const known = new Map<string, Promise<DataSet>>();
  return ({ data, model }) => {
    const { modalities, vocabulary } = model;
    const key = JSON.stringify({ data, modalities, vocabulary });
    const opened = known.get(key) ?? prepare(data, model, { folder, notice }).then(({ dataSet }) => dataSet);
    known.set(key, opened);
    return opened;
  };
}
