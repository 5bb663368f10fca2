// What each modality's loss measures, in words.
import type { CheckedSpec } from "../front/spec.js";
import { unitOf } from "../modalities/modality.fields.js";
import { lossUnit } from "../objectives/objective.fields.js";

/** By modality, for those that have an objective. */
export const lossUnits = ({ model, objectives }: CheckedSpec): Record<string, string> =>
  Object.fromEntries(
    model.modalities.flatMap((modality, index) => {
      const objective = objectives[index];
      return objective ? [[modality.name, lossUnit(objective, unitOf(modality))] as const] : [];
    }),
  );
