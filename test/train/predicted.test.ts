// The targets of random batches, compared with a definition that handles one position at a time.
import { expect, test } from "vitest";
import type { Batch } from "../../src/batch/batch.js";
import { stream } from "../../src/random/stream.js";
import { countsOf, hostBatch, resetsOf } from "../../src/train/host-batch.js";
import { predictedIn } from "../../src/train/predicted.js";
import { image, sketch, speech, text } from "../support/spec.js";

const ROWS = 5;
const LENGTH = 23;

/** Documents of random lengths, some followed by padding. Some sequences are cut out of streams. */
function randomBatch(seed: number): Batch {
  const random = stream("sample", seed);
  const size = ROWS * LENGTH;
  const document = new Int32Array(size).fill(-1);
  for (let row = 0; row < ROWS; row++) {
    let number = 0;
    for (let t = 0; t < LENGTH && random.below(6) > 0; number++) {
      const end = Math.min(LENGTH, t + 1 + random.below(9));
      document.fill(number, row * LENGTH + t, row * LENGTH + end);
      t = end;
    }
  }
  const cuts = Array.from({ length: ROWS }, () => ({
    continues: random.below(2) === 0,
    goesOn: random.below(2) === 0,
    following: random.below(2) === 0 ? undefined : { token: random.below(40), modality: 2 * random.below(2) },
  }));
  return {
    batch: ROWS,
    length: LENGTH,
    tokens: Int32Array.from({ length: size }, () => random.below(40)),
    modality: Uint8Array.from({ length: size }, () => random.below(3)),
    document,
    items: [],
    ...(seed % 2 === 0 && { cuts }),
  };
}

const objectives = [
  { kind: "cross_entropy", weight: 1 },
  { kind: "ddpm", weight: 5, steps: 1000, schedule: "cosine", drop: 0 },
  undefined,
] as const;
const made = sketch({ modalities: [text, image, speech], vocabulary: 50, d_model: 16, layers: 1, reset: true });

test.each([0, 1, 2, 3, 4, 5])("batch %d", (seed) => {
  const spec = seed < 3 ? made : { ...made, objectives };
  const batch = randomBatch(seed);
  const { tokens, modality, document, cuts } = batch;
  const isToken = (r: number): boolean => document[r] !== -1 && modality[r] !== 1;
  const expected = Array.from(tokens, (_, r): [target: number, of: number] => {
    const atEnd = (r + 1) % LENGTH === 0;
    const cut = cuts?.[Math.floor(r / LENGTH)]?.following;
    const next = atEnd ? cut : { token: tokens[r + 1] as number, modality: modality[r + 1] as number };
    const inside = atEnd || (document[r] === document[r + 1] && isToken(r + 1));
    const scored = next !== undefined && spec.objectives[next.modality]?.kind === "cross_entropy";
    return next !== undefined && isToken(r) && inside && scored ? [next.token, next.modality] : [-1, -1];
  });
  expect(expected.some(([target]) => target >= 0)).toBe(true);
  const { target, of } = predictedIn(spec, batch);
  expect([...target]).toEqual(expected.map(([token]) => token));
  expect([...of]).toEqual(expected.map(([, m]) => m));

  const counts = countsOf(spec, [batch, batch]);
  expect(counts.ids).toEqual([0, 1, 2].map((m) => 2 * expected.filter(([, one]) => one === m).length));
  const arrays = hostBatch(spec, batch, counts, { kind: "training", seed: 1 });
  const total = counts.ids.reduce((sum, n) => sum + n, 0);
  expect([...(arrays.get("target_scale") as Float32Array)]).toEqual(
    expected.map(([, m]) => (m < 0 ? 0 : Math.fround((spec.objectives[m]?.weight ?? 0) / total))),
  );
  expect([...(arrays.get("embedded") as Int32Array)]).toEqual([...tokens].map((token, r) => (isToken(r) ? token : -1)));
  expect([...resetsOf(batch)]).toEqual(
    Array.from(document, (number, r) => {
      const cut = cuts?.[Math.floor(r / LENGTH)];
      if (r % LENGTH === 0) return cut?.continues ? 0 : 1;
      return number === document[r - 1] || (number < 0 && cut?.goesOn) ? 0 : 1;
    }),
  );
});
