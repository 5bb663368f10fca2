// The synthetic batch of a benchmark: the spec's data could produce it.
import { expect, test } from "vitest";
import { syntheticBatch, syntheticDataSet } from "../../src/bench/synthetic.js";
import { openTraining } from "../../src/data/order.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { image, sketch, speech, text } from "../support/spec.js";

function spec(modalities: Parameters<typeof sketch>[0]["modalities"], batch: number, length: number): CheckedSpec {
  const made = sketch({ modalities, vocabulary: 50, d_model: 16, layers: 1 });
  return { ...made, train: { ...made.train, batch }, data: { ...made.data, length } };
}

const MARKS = { begin: 46, end: 47 };

test("every position has a modality, in turns of 64 or of a picture, and ids of that modality", () => {
  const made = spec([text, image, speech], 2, 300);
  const { modality, tokens, items, document } = syntheticBatch(made);
  expect(document.every((number) => number === 0)).toBe(true);
  const counts = [0, 1, 2].map((m) => modality.filter((one) => one === m).length);
  expect(Math.min(...counts)).toBeGreaterThan(0);
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(600);
  expect([...modality.slice(0, 64)].every((m) => m === 0)).toBe(true);
  const { vocabulary } = made.model;
  modality.forEach((m, position) => {
    if (m !== 1) expect(tokens[position]).toBeLessThan(vocabulary.size);
  });
  expect(items.length).toBeGreaterThan(0);
  for (const { position, values, modality: owner } of items) {
    expect(owner).toBe(1);
    const span = values.length / 12;
    expect([...modality.slice(position, position + span)].every((m) => m === 1)).toBe(true);
    expect(Math.floor(position / 300)).toBe(Math.floor((position + span - 1) / 300));
  }
});

test("a turn continues in the next row", () => {
  const { modality } = syntheticBatch(spec([text, speech], 2, 80));
  const turns = [...Array(64).fill(0), ...Array(16).fill(1)];
  expect([...modality.slice(0, 80)]).toEqual(turns);
  expect([0, 1].map((m) => modality.filter((one) => one === m).length)).toEqual([64 + 16, 16 + 64]);
});

test("the same spec makes the same batch", () => {
  expect(syntheticBatch(spec([text], 2, 65))).toEqual(syntheticBatch(spec([text], 2, 65)));
});

const positions = (made: CheckedSpec, shares: readonly number[]): number[] => {
  const { modality } = syntheticBatch(made, shares);
  return made.model.modalities.map((_, m) => modality.filter((one) => one === m).length);
};

test("each modality has its share of the positions: exact for tokens, in complete pictures for patches", () => {
  expect(positions(spec([text, speech], 8, 2048), [0.99, 0.01])).toEqual([16_221, 163]);
  expect(positions(spec([text, speech], 2, 300), [0, 1])).toEqual([0, 600]);
  expect(positions(spec([speech, text], 3, 333), [1 / 3, 2 / 3])).toEqual([333, 666]);
  // A picture takes 16 positions.
  expect(positions(spec([text, image, speech], 4, 300), [0.5, 0.3, 0.2])).toEqual([592, 368, 240]);
});

test("a modality with few positions has them in all rows of the batch", () => {
  const { modality } = syntheticBatch(spec([text, speech], 8, 2048), [0.95, 0.05]);
  const rows = Array.from({ length: 8 }, (_, row) => modality.slice(row * 2048, (row + 1) * 2048));
  for (const row of rows) expect(row.filter((m) => m === 1).length).toBeGreaterThan(0);
});

test("each synthetic document fills a sequence with the requested shares, and can be trained on", () => {
  const made = spec([text, image, speech], 2, 300);
  const withSpans = {
    ...made,
    model: { ...made.model, vocabulary: { ...made.model.vocabulary, spans: [undefined, MARKS, MARKS] } },
  };
  const dataSet = syntheticDataSet(withSpans, [0.6, 0.3, 0.1]);
  expect(dataSet.validation).toEqual([]);
  const order = openTraining(dataSet, { length: 300, batch: 2, seed: 1 });
  const counts = [0, 0, 0];
  let filled = 0;
  for (let i = 0; i < 8; i++) {
    const { modality, document, items } = order.next();
    modality.forEach((m, at) => {
      if ((document[at] as number) >= 0) counts[m] = (counts[m] as number) + 1;
    });
    filled += document.filter((number) => number >= 0).length;
    expect(items.length).toBeGreaterThan(0);
  }
  expect(filled).toBeGreaterThan(0.95 * 8 * 600);
  // The markers belong to the text.
  expect((counts[1] as number) / filled).toBeCloseTo(0.3, 1);
  expect((counts[2] as number) / filled).toBeCloseTo(0.1, 1);
});
