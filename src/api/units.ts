// The unit of each modality's loss.
import type { CheckedSpec } from "../front/spec.js";
import { unitOf } from "../modalities/modality.fields.js";
import { lossUnit } from "../objectives/objective.fields.js";

/** By the name of the modality, for modalities with an objective. */
export const lossUnits = ({ model, objectives }: CheckedSpec): Record<string, string> =>
  Object.fromEntries(
    model.modalities.flatMap((modality, index) => {
      const objective = objectives[index];
      return objective ? [[modality.name, lossUnit(objective, unitOf(modality))] as const] : [];
    }),
  );
