// The targets of a batch's positions: the next token of the same document, and the modality whose loss includes it.
import type { Batch } from "../batch/batch.js";
import type { HostField } from "../batch/host-array.js";
import type { CheckedSpec } from "../front/spec.js";
import { holdsIds } from "../modalities/modality.fields.js";
import { learnedOf } from "../objectives/objective.fields.js";

export interface Predicted {
  /** The token that each position predicts, or −1: [R]. */
  readonly target: Int32Array<ArrayBuffer>;
  /** The modality of that token, whose loss includes it, or −1: [R]. */
  readonly of: Int32Array<ArrayBuffer>;
}

/**
 * The targets of a batch. A position predicts the next one if both are tokens of the same document and the next one's
 * modality has an objective for tokens.
 */
export function predictedIn(
  spec: CheckedSpec,
  batch: Pick<Batch, "tokens" | "modality" | "document" | "counted" | "length" | "cuts">,
): Predicted {
  const { tokens, modality, document, counted, length, cuts } = batch;
  const rows = tokens.length;
  const target = new Int32Array(rows).fill(-1);
  const of = new Int32Array(rows).fill(-1);
  const isToken = Uint8Array.from(spec.model.modalities, (declared) => Number(holdsIds(declared)));
  const isScored = Uint8Array.from(spec.objectives, (objective) => Number(learnedOf(objective) === "ids"));
  for (let first = 0; first < rows; first += length) {
    const last = first + length - 1;
    for (let r = first; r < last; r++) {
      const here = document[r] as number;
      const next = modality[r + 1] as number;
      if (here < 0 || here !== document[r + 1] || isToken[modality[r] as number] === 0 || isScored[next] === 0)
        continue;
      if (counted?.[r + 1] === 0) continue;
      target[r] = tokens[r + 1] as number;
      of[r] = next;
    }
    const following = cuts?.[first / length]?.following;
    const predicts = (document[last] as number) >= 0 && isToken[modality[last] as number] === 1;
    if (following && predicts && isScored[following.modality] === 1) {
      target[last] = following.token;
      of[last] = following.modality;
    }
  }
  return { target, of };
}

/** @param modalities the number of modalities */
export function targetsByModality({ of }: Predicted, modalities: number): number[] {
  const counts = new Array<number>(modalities).fill(0);
  for (let r = 0; r < of.length; r++) {
    const m = of[r] as number;
    if (m >= 0) counts[m] = (counts[m] as number) + 1;
  }
  return counts;
}

/**
 * The inputs of the token loss: each position's target, its weight, and the modality whose loss includes it.
 * @param counts the number of predicted ids in the update, by the target's modality
 */
export function tokenArrays(spec: CheckedSpec, { target, of }: Predicted, counts: readonly number[]): HostField[] {
  const total = counts.reduce((sum, n) => sum + n, 0);
  const weights = Float64Array.from(spec.model.modalities, (_, m) => (spec.objectives[m]?.weight ?? 0) / total);
  const scale = new Float32Array(of.length);
  for (let r = 0; r < of.length; r++) {
    const m = of[r] as number;
    if (m >= 0) scale[r] = weights[m] as number;
  }
  return [
    [{ is: "target" }, target],
    [{ is: "target_scale" }, scale],
    [{ is: "target_class" }, of],
  ];
}
