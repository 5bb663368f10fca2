// Sampled documents for any logits: they are well-formed, they stop at the given limit, and their random draws differ.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Modality } from "../../src/modalities/modality.fields.js";
import type { ModelParts } from "../../src/modalities/text.js";
import { stream } from "../../src/random/stream.js";
import { chooseId } from "../../src/reference/choose.js";
import { isIn } from "../../src/sample/choosing.js";
import {
  type Item,
  type SampledDocument,
  type SampledSegment,
  type SampleSettings,
  type Sampling,
  sampleDocument,
  type Want,
} from "../../src/sample/document.js";

// text 0..7 with its eight markers 8..15, codes 16..25, speech 26..30.
const modalities: Modality[] = [
  { kind: "tokens", name: "text", vocab: 16 },
  { kind: "patches", name: "image", height: 2, width: 4, patchHeight: 2, patchWidth: 2, channels: 1 },
  { kind: "tokens", name: "codes", vocab: 10 },
  { kind: "tokens", name: "speech", vocab: 5 },
];
const parts: ModelParts = {
  modalities,
  vocabulary: {
    size: 31,
    owner: 0,
    documentEnd: 8,
    padding: 9,
    first: [0, -1, 16, 26],
    spans: [undefined, { begin: 10, end: 11 }, { begin: 12, end: 13 }, { begin: 14, end: 15 }],
  },
};
const PICTURE = -1;

const sampling = (settings: Partial<SampleSettings> = {}): Sampling => ({
  rules: { parts, learned: [true, true, true, true], counts: [undefined, undefined, 3, undefined] },
  objectives: modalities.map(({ kind }) =>
    kind === "patches"
      ? { kind: "ddpm", weight: 5, steps: 20, schedule: "cosine", drop: 0 }
      : { kind: "cross_entropy", weight: 1 },
  ),
  settings: { seed: 1, tokens: 30, steps: 4, guidance: 1, temperature: 1, ...settings },
});

const prompt = [{ kind: "ids", modality: 0, ids: [1, 2] }] as const;

/** Runs a document with logits and noise from `answer`. Returns the final contents of its first sequence, pictures as −1. */
function run(
  of: Sampling,
  answer: (want: Want) => Float32Array,
  { of: text, number = 0 }: { of?: Parameters<typeof sampleDocument>[1]; number?: number } = {},
): { document: SampledDocument; held: number[][]; looks: number } {
  const made = sampleDocument(of, text ?? prompt, number);
  const held: number[][] = [[], []];
  let looks = 0;
  let step = made.next([]);
  while (!step.done) {
    const answers = step.value.map((want, sequence) => {
      if (!want) return undefined;
      const list = held[sequence] as number[];
      if (want.kind !== "item") {
        expect(want.items.length).toBeGreaterThan(0);
        if (want.kind === "ids" && want.resets) list.length = 0;
        for (const { id, modality } of want.items as Item[]) {
          list.push(id);
          const first = parts.vocabulary.first[modality] as number;
          expect(id >= first && id < first + (modalities[modality] as { vocab: number }).vocab).toBe(true);
        }
        if (want.kind === "ids") return undefined;
        const chosen = choicesOf(want, answer);
        list.push(...chosen.slice(0, -1));
        return chosen;
      }
      if (want.stays) list.push(PICTURE);
      else looks++;
      return answer(want);
    });
    step = made.next(answers);
  }
  return { document: step.value, held, looks };
}

/** The choices of a run, up to the first that is not ordinary. */
function choicesOf(want: Want & { kind: "run" }, answer: (want: Want) => Float32Array): Int32Array {
  const { count, allowed, choosing, uniforms } = want.choices;
  const { temperature } = choosing;
  const ids = allowed.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
  const chosen: number[] = [];
  for (const uniform of uniforms(count)) {
    const logits = answer(want);
    const limits = { temperature, topK: Number.POSITIVE_INFINITY, topP: 1 };
    const id = chooseId(
      (at) => logits[at] as number,
      ids.toSorted((a, b) => a - b),
      limits,
      uniform,
    );
    chosen.push(id);
    if (!isIn(want.ordinary, id)) break;
  }
  return Int32Array.from(chosen);
}

/** Random logits and noise. */
const random = (seed: number) => {
  const draw = stream("sample", seed, 99);
  return (want: Want): Float32Array =>
    Float32Array.from({ length: want.kind === "item" ? 8 : 31 }, () => 3 * draw.normal());
};

/** Logits that are high for the given ids, one after the other. */
const saying = (...ids: number[]) => {
  const left = [...ids];
  return (want: Want): Float32Array => {
    if (want.kind === "item") return new Float32Array(8);
    const id = left.shift();
    return Float32Array.from({ length: 31 }, (_, i) => (i === id ? 50 : 0));
  };
};

/** The documents that data can contain; a limit may cut off the end. */
const WELL_FORMED = /^(t|<i>P<\/i>|<c>ccc<\/c>|<s>s+<\/s>)*(e)?$/;
const NAMES: Record<number, string> = {
  8: "e",
  10: "<i>",
  11: "</i>",
  12: "<c>",
  13: "</c>",
  14: "<s>",
  15: "</s>",
  [PICTURE]: "P",
};
const spell = (ids: readonly number[]): string =>
  ids.map((id) => NAMES[id] ?? (id < 8 ? "t" : id >= 26 ? "s" : id >= 16 ? "c" : "?")).join("");

const spelled = ({ modality, ...segment }: SampledSegment): string => {
  const content = segment.kind === "item" ? "P" : spell(segment.ids);
  const name = ["", "i", "c", "s"][modality];
  return name === "" ? content : `<${name}>${content}</${name}>`;
};

describe("a sampled document", () => {
  test("is well-formed under any logits and limits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(10_000),
        fc.constantFrom(0, 0.5, 1, 3),
        (tokens, seed, temperature) => {
          const { document, held } = run(sampling({ tokens, seed, temperature }), random(seed));
          const positions = document.segments.reduce((sum, s) => sum + (s.kind === "ids" ? s.ids.length : 2), 0);
          expect(positions).toBeLessThanOrEqual(tokens);
          const text = `tt${document.segments.map(spelled).join("")}${document.ended ? "e" : ""}`;
          expect(text).toMatch(WELL_FORMED);
          // The last token is not run, because nothing depends on it.
          expect(text.startsWith(spell(held[0] as number[])), spell(held[0] as number[])).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("continues through every kind of segment to its end", () => {
    const { document, held } = run(sampling(), saying(3, 10, 14, 27, 27, 15, 12, 16, 25, 17, 4, 8));
    expect(held[0]).toEqual([1, 2, 3, 10, PICTURE, 11, 14, 27, 27, 15, 12, 16, 25, 17, 13, 4]);
    expect(document.ended).toBe(true);
    expect(
      document.segments.map((s) => (s.kind === "ids" ? [s.modality, s.ids] : [s.modality, s.values.length])),
    ).toEqual([
      [0, [3]],
      [1, 8],
      [3, [27, 27]],
      [2, [16, 25, 17]],
      [0, [4]],
    ]);
  });

  test("of only one modality: one segment of it, or text up to the next marker", () => {
    const only = (modality: number, ...ids: number[]) =>
      run(sampling({ only: modality, tokens: 6 }), saying(...ids)).document;
    expect(only(0, 3, 4, 14)).toEqual({ ended: true, segments: [{ kind: "ids", modality: 0, ids: [3, 4] }] });
    expect(only(0, 3, 3, 3, 3, 3, 3, 3)).toEqual({
      ended: false,
      segments: [{ kind: "ids", modality: 0, ids: [3, 3, 3, 3, 3, 3] }],
    });
    expect(only(2, 20, 21, 22)).toEqual({
      ended: true,
      segments: [{ kind: "ids", modality: 2, ids: [20, 21, 22] }],
    });
    expect(only(3, 30, 15)).toEqual({ ended: true, segments: [{ kind: "ids", modality: 3, ids: [30] }] });
    // A segment without a fixed count is closed in time: six positions are two markers and four units.
    expect(only(3, 30, 30, 30, 30, 30, 30)).toEqual({
      ended: true,
      segments: [{ kind: "ids", modality: 3, ids: [30, 30, 30, 30] }],
    });
    expect(only(1).segments[0]).toMatchObject({ kind: "item", modality: 1 });
  });

  test("a picture of a prompt is noised once, between its markers", () => {
    const picture = { kind: "item", modality: 1, values: new Float32Array(8).fill(0.5) } as const;
    const { held, looks } = run(sampling({ only: 0, tokens: 2 }), saying(1, 8), { of: [picture] });
    expect(held[0]).toEqual([10, PICTURE, 11, 1]);
    expect(looks).toBe(0);
    // A caption is never empty, even if its end is likely. A continued text may end at once.
    const sampled = (of: typeof prompt | (typeof picture)[]) =>
      run(sampling({ only: 0, tokens: 2 }), saying(8, 8), { of });
    expect(sampled([picture]).document.segments).toMatchObject([{ modality: 0, ids: [expect.any(Number)] }]);
    expect(sampled(prompt).document).toEqual({ segments: [], ended: true });
  });

  test("guidance also runs the picture after only its marker", () => {
    const free = run(sampling({ only: 1 }), random(1));
    expect([free.held, free.looks]).toEqual([[[1, 2, 10], []], 4]);
    const guided = run(sampling({ only: 1, guidance: 2 }), random(1));
    expect([guided.held, guided.looks]).toEqual([[[1, 2, 10], [10]], 8]);
  });

  test("draws differ by seed and by number, and are reproducible", () => {
    const picture = (seed: number, number: number) =>
      run(sampling({ only: 1, seed, sampler: "ddpm" }), () => new Float32Array(8), { number }).document;
    expect(picture(1, 0)).toEqual(picture(1, 0));
    expect(picture(1, 1)).not.toEqual(picture(1, 0));
    expect(picture(2, 0)).not.toEqual(picture(1, 0));
  });
});
