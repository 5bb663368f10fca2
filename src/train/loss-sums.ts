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
  const tokens = model.hasResult("loss.tokens")
    ? model.result("loss.tokens")
    : Promise.resolve(new Float32Array(spec.model.modalities.length));
  const pictures = await Promise.all(
    present.map(async (name): Promise<[string, number]> => [name, (await model.result(`loss.${name}`))[0] as number]),
  );
  return { tokens: [...(await tokens)], pictures: new Map(pictures) };
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
