// What each modality's loss measures, in words.
import type { CheckedSpec } from "../front/spec.js";
import type { Modality } from "../modalities/modality.fields.js";

const UNITS: Readonly<Record<Modality["kind"], string>> = {
  bytes: "nats a byte",
  tokens: "nats a token",
  codes: "nats a code",
  patches: "mean squared error of the noise",
};

/** By modality, for those that have an objective. */
export function lossUnits({ model, objectives }: CheckedSpec): Record<string, string> {
  const units: Record<string, string> = {};
  model.modalities.forEach(({ name, kind }, index) => {
    if (objectives[index]) units[name] = UNITS[kind];
  });
  return units;
}
