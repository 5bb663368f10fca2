// The made-up batch of a benchmark: a batch that the spec's own sequences could be.
import { expect, test } from "vitest";
import { syntheticBatch } from "../../src/bench/synthetic.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { image, sketch, speech, text } from "../support/spec.js";

function spec(modalities: Parameters<typeof sketch>[0]["modalities"], batch: number, length: number): CheckedSpec {
  const made = sketch({ modalities, vocabulary: 50, d_model: 16, layers: 1 });
  return { ...made, train: { ...made.train, batch }, data: { ...made.data, length } };
}

test("every position has a modality, in turns of 64 or of a picture, and ids of that modality", () => {
  const made = spec([text, image, speech], 2, 300);
  const { modality, tokens, pictures, document } = syntheticBatch(made);
  expect(document.every((number) => number === 0)).toBe(true);
  const counts = [0, 1, 2].map((m) => modality.filter((one) => one === m).length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(600);
  expect([...modality.slice(0, 64)].every((m) => m === 0)).toBe(true);
  const { vocabulary } = made.model;
  modality.forEach((m, position) => {
    if (m !== 1) expect(tokens[position]).toBeLessThan(vocabulary.size);
  });
  expect(pictures.length).toBeGreaterThan(0);
  for (const { position, patches, modality: owner } of pictures) {
    expect(owner).toBe(1);
    const span = patches.length / 12;
    expect([...modality.slice(position, position + span)].every((m) => m === 1)).toBe(true);
    expect(Math.floor(position / 300)).toBe(Math.floor((position + span - 1) / 300));
  }
});

test("the same spec makes the same batch", () => {
  expect(syntheticBatch(spec([text], 2, 65))).toEqual(syntheticBatch(spec([text], 2, 65)));
});
