// Packing and order: every position of a batch has the right contents, no document is lost, and a run can be resumed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Packed } from "../../src/batch/batch.js";
import { type DataSet, oneSource, openDataSet } from "../../src/data/data-set.js";
import { documentBatch, validationBatches } from "../../src/data/fixed-batches.js";
import { type DataPosition, openTraining, type TrainingOrder } from "../../src/data/order.js";
import { filled, packedOf, positionsOf } from "../../src/data/packing.js";
import { type PreparedDocument, writeShard } from "../../src/data/shard.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { BEGIN, codesAndText, DOCUMENT_END, END, PADDING, textAndImages } from "./parts.js";

const parts = textAndImages();

/** A data set of documents, each a text of the given length and a picture whose pixels are the document's number. */
function pairs(lengths: readonly number[], heldOut = 0.2): DataSet {
  const documents = lengths.map((length, number): PreparedDocument => {
    const ids = new Uint8Array(length).fill(number % 256);
    const segments = [
      { modality: 0, ids },
      { modality: 1, pixels: new Uint8Array(8 * 8 * 3).fill(number % 256) },
    ];
    return { label: `d${number}`, hash: (number * 2654435761) >>> 0, eitherOrder: number % 3 !== 0, segments };
  });
  return openDataSet(oneSource([{ name: "a", bytes: writeShard(documents, parts.modalities) }]), parts, heldOut);
}

const lengthsOf = (count: number): number[] => Array.from({ length: count }, (_, i) => 1 + ((i * 7) % 13));

/** The tokens of each document in a batch, without padding. */
function documentsOf({ batch, length, tokens, document }: Packed): number[][] {
  const found = new Map<number, number[]>();
  for (let position = 0; position < batch * length; position++) {
    const number = document[position] as number;
    if (number === -1) continue;
    const key = Math.floor(position / length) * length + number;
    const held = found.get(key) ?? [];
    held.push(tokens[position] as number);
    found.set(key, held);
  }
  return [...found.values()];
}

describe("a batch", () => {
  it("has the document's token, modality and number at each position", async () => {
    const dataSet = pairs([2, 3], 0);
    const rows = [
      [
        { document: 0, reversed: false },
        { document: 1, reversed: true },
      ],
      [],
    ];
    const { batch, length, tokens, modality, document, items } = await filled(dataSet, packedOf(dataSet, rows, 22));
    expect([batch, length]).toEqual([2, 22]);
    const pad = (count: number, value: number): number[] => new Array<number>(count).fill(value);
    const first = [0, 0, BEGIN, 0, 0, 0, 0, END, DOCUMENT_END];
    const second = [BEGIN, 0, 0, 0, 0, END, 1, 1, 1, DOCUMENT_END];
    expect([...tokens]).toEqual([...first, ...second, ...pad(3 + 22, PADDING)]);
    expect([...modality]).toEqual([0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, ...pad(8 + 22, 0)]);
    expect([...document]).toEqual([...pad(9, 0), ...pad(10, 1), ...pad(3 + 22, -1)]);
    expect(items.map(({ modality, position, id }) => ({ modality, position, id }))).toEqual([
      { modality: 1, position: 3, id: 0 },
      { modality: 1, position: 10, id: 1 },
    ]);
    expect(items[1]?.values).toEqual(new Float32Array(4 * 48).fill(1 / 127.5 - 1));
  });

  it("marks the begin and end of every modality but the owner, and offsets ids into the modality's range", () => {
    const segments = [
      { modality: 0, ids: [1, 15] },
      { modality: 1, ids: [0, 255] },
    ];
    const shard = writeShard([{ label: "a", hash: 0, eitherOrder: false, segments }], codesAndText.modalities);
    const dataSet = openDataSet(oneSource([{ name: "a", bytes: shard }]), codesAndText, 0);
    const { tokens, modality } = documentBatch(dataSet, [0], { length: 8 });
    expect([...tokens]).toEqual([1, 15, 18, 20, 275, 19, 16, 17]);
    expect([...modality]).toEqual([0, 0, 0, 1, 1, 0, 0, 0]);
  });
});

describe("training order", () => {
  const shape = { length: 40, batch: 3, seed: 5 };

  it("has the same batches for the same seed, and different ones for another seed", () => {
    const dataSet = pairs(lengthsOf(50));
    const [a, b, c] = [shape, shape, { ...shape, seed: 6 }].map((chosen) => openTraining(dataSet, chosen));
    let differ = false;
    for (let step = 0; step < 30; step++) {
      const batch = a?.next();
      expect(b?.next()).toEqual(batch);
      differ ||= String(c?.next().tokens) !== String(batch?.tokens);
    }
    expect(differ).toBe(true);
  });

  it("drops the text before a final picture with the given probability, and leaves other documents unchanged", () => {
    const dataSet = pairs(lengthsOf(200), 0);
    // With one sequence in a batch, documents are read in their order.
    const [never, sometimes, always] = [0, 0.25, 1].map((drop) =>
      openTraining(dataSet, { ...shape, batch: 1, drop: [0, drop] }),
    ) as [TrainingOrder, TrainingOrder, TrainingOrder];
    const alone = [BEGIN, 0, 0, 0, 0, END, DOCUMENT_END].join();
    const read = (order: TrainingOrder): string[] => {
      const found: string[] = [];
      while (found.length < 600) for (const tokens of documentsOf(order.next())) found.push(tokens.join());
      return found.slice(0, 600);
    };
    const [full, mixed, dropped] = [never, sometimes, always].map(read) as [string[], string[], string[]];
    expect(full).not.toContain(alone);
    const pictureLast = full.filter((tokens) => !tokens.startsWith(`${BEGIN}`)).length;
    const count = mixed.filter((tokens) => tokens === alone).length;
    expect(count / pictureLast).toBeGreaterThan(0.18);
    expect(count / pictureLast).toBeLessThan(0.32);
    // The order of documents is the same as without dropping.
    mixed.forEach((tokens, i) => {
      if (tokens !== alone) expect(tokens).toBe(full[i]);
    });
    // A document that starts with its picture keeps its text.
    expect(dropped.filter((tokens) => tokens === alone)).toHaveLength(pictureLast);
    expect(dropped.filter((tokens) => tokens !== alone).every((tokens) => tokens.startsWith(`${BEGIN}`))).toBe(true);
  });

  it("resumes at any batch, across epochs, with and without accumulation", () => {
    const dataSet = pairs(lengthsOf(23));
    for (const [accumulate, drop] of [
      [1, []],
      [3, [0, 0.5]],
    ] as const) {
      const order = openTraining(dataSet, { ...shape, accumulate, drop });
      const seen: { position: DataPosition; batch: Packed }[] = [];
      for (let step = 0; step < 25; step++) seen.push({ position: order.position(), batch: order.next() });
      expect(seen.at(-1)?.position.epoch).toBeGreaterThan(1);
      const used = openTraining(dataSet, { ...shape, accumulate, drop });
      for (const { position, batch } of [...seen].reverse()) {
        used.seek(JSON.parse(JSON.stringify(position)) as DataPosition);
        expect(used.position()).toEqual(position);
        expect(used.next()).toEqual(batch);
      }
    }
  });

  it("reads the same tokens in an update with and without gradient accumulation", () => {
    const dataSet = pairs(lengthsOf(40));
    const large = openTraining(dataSet, { ...shape, batch: 6 });
    const small = openTraining(dataSet, { ...shape, batch: 2, accumulate: 3 });
    for (let step = 0; step < 10; step++) {
      const batches = [small.next(), small.next(), small.next()];
      expect(batches.flatMap(({ tokens }) => [...tokens])).toEqual([...large.next().tokens]);
    }
  });

  it("has every training document once in an epoch, in full, and no held-out document", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 33, max: 90 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat({ max: 2 ** 40 }),
        (lengths, length, batch, seed) => {
          const dataSet = pairs([1, ...lengths], 0.3);
          const order = openTraining(dataSet, { length, batch, seed });
          const counts = new Map<number, number>();
          let given = 0;
          while (given < 2 * dataSet.train.length) {
            const { items, document, tokens } = order.next();
            given += items.length;
            for (const { id } of items) counts.set(id, (counts.get(id) ?? 0) + 1);
            const used = items.reduce((sum, { id }) => sum + positionsOf(dataSet, id), 0);
            expect(document.filter((number) => number >= 0).length).toBe(used);
            tokens.forEach((token, position) => {
              expect(token === PADDING).toBe(document[position] === -1);
            });
          }
          // Pictures have the numbers of their documents. After two epochs each document was read at least twice.
          for (const number of dataSet.train) expect(counts.get(number)).toBeGreaterThanOrEqual(2);
          for (const number of dataSet.validation) expect(counts.has(number)).toBe(false);
        },
      ),
      { seed: 2, numRuns: 60 },
    );
  });

  it("draws the order of text and picture again in each epoch, if the document allows either order", () => {
    const dataSet = pairs(lengthsOf(30), 0);
    const order = openTraining(dataSet, shape);
    const ways = new Map<number, Set<boolean>>();
    while (order.position().epoch < 8) {
      const batch = order.next();
      for (const tokens of documentsOf(batch)) {
        const pictureFirst = tokens[0] === BEGIN;
        const number = tokens[pictureFirst ? 6 : 0] as number;
        const text = new Array<number>(
          dataSet.documents[number]?.segments[0]?.kind === "ids" ? positionsOf(dataSet, number) - 7 : 0,
        ).fill(number);
        const picture = [BEGIN, 0, 0, 0, 0, END];
        expect(tokens).toEqual([...(pictureFirst ? [...picture, ...text] : [...text, ...picture]), DOCUMENT_END]);
        ways.set(number, (ways.get(number) ?? new Set()).add(pictureFirst));
      }
    }
    expect(ways.size).toBe(30);
    const bothWays = [...ways].filter(([, seen]) => seen.size === 2).map(([number]) => number);
    expect(bothWays.every((number) => number % 3 !== 0)).toBe(true);
    expect(bothWays.length).toBeGreaterThan(17);
  });

  it("pads few positions", () => {
    const dataSet = pairs(lengthsOf(200), 0);
    const order = openTraining(dataSet, { length: 128, batch: 16, seed: 1 });
    let padding = 0;
    for (let step = 0; step < 5; step++) padding += order.next().document.filter((number) => number === -1).length;
    expect(padding / (5 * 16 * 128)).toBeLessThan(0.06);
  });

  it("refuses a position outside the data, and a document longer than a sequence", () => {
    const dataSet = pairs(lengthsOf(10));
    const order = openTraining(dataSet, shape);
    for (const position of [
      { epoch: -1, index: 0, micro: 0 },
      { epoch: 0, index: 10, micro: 0 },
      { epoch: 0, index: 0, micro: 1 },
      { epoch: 0, index: 0.5, micro: 0 },
    ])
      expect(() => order.seek(position)).toThrow(InputError);
    expect(() => openTraining(pairs([34], 0), shape)).toThrow(/"d0" takes 41 positions, but data.length is 40/);
  });
});

describe("validation", () => {
  it("has every held-out document once in each of its orders, in the same batches of one size each time", () => {
    const dataSet = pairs(lengthsOf(60), 0.4);
    const batches = [...validationBatches(dataSet, { length: 40, batch: 4 })];
    expect(dataSet.validation.length).toBeGreaterThan(10);
    const expected = dataSet.validation.flatMap((number) => (number % 3 === 0 ? [number] : [number, number]));
    expect(batches.flatMap(({ items }) => items.map(({ id }) => id)).sort()).toEqual(expected.sort());
    const pictureFirst = batches.flatMap(documentsOf).filter((tokens) => tokens[0] === BEGIN);
    expect(pictureFirst.length).toBe(dataSet.validation.filter((number) => number % 3 !== 0).length);
    for (const { batch, tokens } of batches) expect([batch, tokens.length]).toEqual([4, 160]);
    expect([...validationBatches(dataSet, { length: 40, batch: 4 })]).toEqual(batches);
  });

  it("has no batches without held-out documents", () => {
    expect([...validationBatches(pairs([1, 2], 0), { length: 40, batch: 4 })]).toEqual([]);
  });
});
