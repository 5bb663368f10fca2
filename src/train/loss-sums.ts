// The sums of losses that a phase leaves on the device, by modality.
import type { CheckedSpec } from "../front/spec.js";
import type { Model } from "./model.js";

export interface LossSums {
  /** By the target's modality. */
  readonly tokens: readonly number[];
  readonly pictures: ReadonlyMap<string, number>;
}

/** What the last phase left, read without waiting for what was submitted before. */
export async function readLossSums(model: Model, spec: CheckedSpec): Promise<LossSums> {
  const names = spec.model.modalities.flatMap(({ name, kind }) => (kind === "patches" ? [name] : []));
  const present = names.filter((name) => model.hasResult(`loss.${name}`));
  // All awaited at once: where the device fails, none of them is left to fail alone.
  const [tokens, ...pictures] = await Promise.all([
    model.hasResult("loss.tokens") ? model.result("loss.tokens") : new Float32Array(spec.model.modalities.length),
    ...present.map((name) => model.result(`loss.${name}`)),
  ]);
  return { tokens: [...tokens], pictures: new Map(present.map((name, i) => [name, pictures[i]?.[0] as number])) };
}

export function addLossSums(all: readonly LossSums[]): LossSums {
  const tokens: number[] = [];
  const pictures = new Map<string, number>();
  for (const sums of all) {
    sums.tokens.forEach((value, m) => {
      tokens[m] = (tokens[m] ?? 0) + value;
    });
    for (const [name, value] of sums.pictures) pictures.set(name, (pictures.get(name) ?? 0) + value);
  }
  return { tokens, pictures };
}
