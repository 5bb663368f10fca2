// Streams: every document continues where it was cut, none is lost, no picture is cut, and a run can be resumed.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Packed } from "../../src/batch/batch.js";
import { type DataSet, oneSource, openDataSet } from "../../src/data/data-set.js";
import { packedOf, positionsOf } from "../../src/data/packing.js";
import { type PreparedDocument, writeShard } from "../../src/data/shard.js";
import { openStreams, validationStreams } from "../../src/data/streams.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { resetsOf } from "../../src/train/host-batch.js";
import { PADDING, textAndImages } from "./parts.js";

const parts = textAndImages();
const PATCHES = 4;

/** Documents with a text of the given length and the given number of pictures, all made from the document's number. */
function documents(sizes: readonly (readonly [text: number, pictures: number])[]): DataSet {
  const made = sizes.map(([length, pictures], number): PreparedDocument => {
    const ids = Uint8Array.from({ length }, (_, i) => (number + i) % 256);
    const pixels = new Uint8Array(8 * 8 * 3).fill(number % 256);
    const segments = [{ modality: 0, ids }, ...Array.from({ length: pictures }, () => ({ modality: 1, pixels }))];
    return { label: `d${number}`, hash: (number * 2654435761) >>> 0, eitherOrder: false, segments };
  });
  return openDataSet(oneSource([{ name: "a", bytes: writeShard(made, parts.modalities) }]), parts, 0);
}

/** The tokens of a document. */
const tokensOf = (dataSet: DataSet, document: number): string => {
  const length = positionsOf(dataSet, document);
  return [...packedOf(dataSet, [[{ document, reversed: false }]], length).tokens].join();
};

/** The documents in the rows of consecutive batches, joined where they were cut. */
function joinedDocuments(batches: readonly Packed[]): { ended: string[]; open: string[] } {
  const ended: string[] = [];
  const open: string[] = [];
  for (let row = 0; row < (batches[0]?.batch ?? 0); row++) {
    let held: number[] | undefined;
    for (const { length, tokens, document, cuts } of batches) {
      expect(cuts?.[row]?.continues).toBe(held !== undefined);
      for (let t = 0; t < length; t++) {
        const r = row * length + t;
        const number = document[r] as number;
        if (number < 0) {
          expect(tokens[r]).toBe(PADDING);
          continue;
        }
        const begins = t === 0 ? !cuts?.[row]?.continues : number !== document[r - 1];
        if (begins && held) ended.push(held.join());
        held = begins ? [] : held;
        held?.push(tokens[r] as number);
      }
      if (!cuts?.[row]?.goesOn && held) {
        ended.push(held.join());
        held = undefined;
      }
    }
    if (held) open.push(held.join());
  }
  return { ended, open };
}

const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 3 })), {
  minLength: 1,
  maxLength: 7,
});
const shapes = fc.record({ length: fc.integer({ min: PATCHES + 2, max: 24 }), batch: fc.integer({ min: 1, max: 3 }) });

it("every document is complete in consecutive pieces, and no picture is cut", () => {
  fc.assert(
    fc.property(sizes, shapes, (some, shape) => {
      const dataSet = documents(some);
      const order = openStreams(dataSet, { ...shape, seed: 3 });
      const batches = Array.from({ length: 30 }, () => order.next());
      const { ended, open } = joinedDocuments(batches);
      const known = dataSet.train.map((document) => tokensOf(dataSet, document));
      expect(ended.filter((tokens) => !known.includes(tokens))).toEqual([]);
      for (const tokens of open) expect(known.some((all) => all.startsWith(tokens))).toBe(true);
      for (const { length, items, cuts, document, modality, tokens } of batches) {
        for (const { position } of items) {
          expect([...modality.subarray(position, position + PATCHES)]).toEqual(new Array(PATCHES).fill(1));
          expect((position % length) + PATCHES).toBeLessThanOrEqual(length);
        }
        expect(modality.filter((m) => m === 1).length).toBe(PATCHES * items.length);
        // The only padding is where a picture did not fit.
        cuts?.forEach((cut, row) => {
          const padding = document.subarray(row * length, (row + 1) * length).filter((d) => d < 0).length;
          expect(padding).toBeLessThan(PATCHES);
          if (padding > 0) expect([cut.goesOn, cut.following]).toEqual([true, undefined]);
        });
        expect(tokens.length).toBe(shape.batch * length);
      }
      batches.forEach(({ cuts }, i) => {
        cuts?.forEach(({ following, goesOn }, row) => {
          const next = batches[i + 1];
          if (!next) return;
          expect(next.cuts?.[row]?.continues).toBe(goesOn);
          if (following) expect(following.token).toBe(next.tokens[row * next.length]);
          else if (goesOn) expect(next.modality[row * next.length]).toBe(1);
        });
      });
    }),
    { numRuns: 60, seed: 5 },
  );
});

it("every document is read once before any is read again", () => {
  const dataSet = documents([
    [50, 0],
    [3, 1],
    [20, 2],
    [1, 0],
  ]);
  const order = openStreams(dataSet, { length: 10, batch: 2, seed: 1 });
  const batches: Packed[] = [];
  while (order.position().epoch < 2) batches.push(order.next());
  const { ended, open } = joinedDocuments(batches);
  const counts = dataSet.train.map((document) => {
    const tokens = tokensOf(dataSet, document);
    return ended.filter((found) => found === tokens).length + open.filter((found) => tokens.startsWith(found)).length;
  });
  for (const times of counts) expect([2, 3]).toContain(times);
});

it("a stream resumed from any position equals an uninterrupted one", () => {
  const dataSet = documents([
    [50, 0],
    [3, 1],
    [20, 2],
    [1, 0],
  ]);
  const shape = { length: 10, batch: 3, seed: 2 };
  const order = openStreams(dataSet, shape);
  for (let step = 0; step < 25; step++) {
    const position = JSON.parse(JSON.stringify(order.position()));
    const resumed = openStreams(dataSet, shape);
    resumed.seek(position);
    expect(resumed.next()).toEqual(order.next());
    expect(resumed.position()).toEqual(order.position());
  }
  const position = order.position();
  const invalid = [
    { ...position, streams: position.streams?.slice(1) ?? [] },
    { epoch: 0, index: 0, micro: 0 },
    { ...position, index: 5 },
    { ...position, streams: [null, null, { document: 9, reversed: false, lastAlone: false, epoch: 0, at: 1 }] },
  ];
  for (const one of invalid) expect(() => order.seek(one)).toThrow(InputError);
});

it("the state is reset where a document begins, and not where it continues", () => {
  const dataSet = documents([[17, 1]]);
  const order = openStreams(dataSet, { length: 10, batch: 1, seed: 2 });
  // 17 letters and a begin marker, then padding, because the picture would be cut.
  const [first, second, third] = [order.next(), order.next(), order.next()];
  expect([...resetsOf(first)]).toEqual([1, ...new Array(9).fill(0)]);
  expect([...second.document]).toEqual([...new Array(8).fill(0), -1, -1]);
  expect([...resetsOf(second)]).toEqual(new Array(10).fill(0));
  // Four patches, the picture's end and the document's end. Then the document begins again.
  expect([...resetsOf(third)]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
});

it("validation has every document once, and pads ended rows", () => {
  fc.assert(
    fc.property(sizes, shapes, (some, shape) => {
      const dataSet = documents(some);
      const { ended, open } = joinedDocuments([...validationStreams(dataSet, shape, dataSet.train)]);
      expect(open).toEqual([]);
      const expected = dataSet.train.map((document) => tokensOf(dataSet, document));
      expect(ended.toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns: 40, seed: 6 },
  );
});
