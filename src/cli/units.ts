// What each modality's loss measures, in words.
import type { CheckedSpec } from "../front/spec.js";

/** By modality, for those that have an objective. */
export function lossUnits({ model, objectives }: CheckedSpec): Record<string, string> {
  const units: Record<string, string> = {};
  model.modalities.forEach(({ name, kind }, index) => {
    if (objectives[index])
      units[name] =
        kind === "patches" ? "mean squared error of the noise" : kind === "bytes" ? "nats a byte" : "nats a token";
  });
  return units;
}
