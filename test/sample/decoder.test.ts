// Sampling with states agrees at every position with the float64 reference of the complete sequence.
import { describe, expect, test } from "vitest";
import { rotaryTable } from "../../src/blocks/rotary.js";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { tensorOf } from "../../src/ir/program.js";
import type { PatchesModality } from "../../src/modalities/patches.fields.js";
import { patchesPerPicture, patchSize } from "../../src/modalities/pixels.js";
import { timestepTable } from "../../src/modalities/timestep.js";
import { lower } from "../../src/passes/lower.js";
import { stream } from "../../src/random/stream.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, values } from "../../src/reference/values.js";
import { type Decoder, openDecoder } from "../../src/sample/decoder.js";
import type { Item } from "../../src/sample/document.js";
import { openModel } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";

const missing = await missingAdapter();

const source = `model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)
  modality depth: patches(size: 4x4, patch: 2x2, channels: 1)
  d_model: 12
  block mixer: mamba { d_state: 8, decouple: [in_proj, x_proj, dt_proj, out_proj, conv1d, A, D, norm] }
  block attend: attention { heads: 6, kv_heads: 3, ffn: 20, decouple: [q_proj, k_proj, ffn, norm] }
  block before: attention { heads: 1, ffn: none, spans: causal }
  layers: mixer + attend + before + mixer
}
objective { text: cross_entropy, image: ddpm, depth: ddpm(steps: 50) }
data { source: emoji, length: 64 }
train { steps: 1, batch: 2 }
`;
const spec = check({ path: "a.mom", text: source }, () => undefined).spec as CheckedSpec;
const { vocabulary, modalities, d_model } = spec.model;
const V = vocabulary.size;
const draw = stream("sample", 8);

interface Shown {
  readonly modality: number;
  readonly noisy: Float32Array;
  readonly t: number;
}
type Position = Item | Shown;

const markers = (modality: number): [Item, Item] => {
  const span = vocabulary.spans[modality] as { begin: number; end: number };
  return [
    { id: span.begin, modality: 0 },
    { id: span.end, modality: 0 },
  ];
};
const words = (count: number): Item[] => Array.from({ length: count }, () => ({ id: draw.below(256), modality: 0 }));
const declared = (modality: number): PatchesModality => modalities[modality] as PatchesModality;
const picture = (modality: number, t: number): Shown => {
  const numbers = patchesPerPicture(declared(modality)) * patchSize(declared(modality));
  return { modality, t, noisy: Float32Array.from({ length: numbers }, () => draw.normal()) };
};
const isItem = (position: Position): position is Item => "id" in position;

/** A document with pictures of both kinds. The one at its end is being denoised. */
const before: Position[] = [
  ...words(5),
  markers(1)[0],
  picture(1, 1),
  markers(1)[1],
  ...words(3),
  markers(2)[0],
  picture(2, 1),
  markers(2)[1],
  ...words(21),
  markers(1)[0],
];
const last = picture(1, 700);

async function initialWeights(): Promise<ReadonlyMap<string, Tensor>> {
  const opened = await testDevice();
  const options = { batch: 1, length: 8, phases: TRAINING_PHASES.slice(1, 2), variants: "first" } as const;
  const model = await openModel(opened, compile(spec, { profile: opened.profile, ...options }), pipelinesOn(opened));
  await model.initialise(5);
  const weights = await model.read("parameters");
  model.runtime.destroy();
  return weights;
}

/** Logits [L, V] and predicted noise of the complete sequence, in float64. */
function whole(weights: ReadonlyMap<string, Tensor>, positions: readonly Position[]) {
  const rows = positions.flatMap((position, at) =>
    isItem(position)
      ? [{ at, embedded: position.id, modality: position.modality }]
      : Array.from({ length: patchesPerPicture(declared(position.modality)) }, () => ({
          at,
          embedded: -1,
          modality: position.modality,
        })),
  );
  const L = rows.length;
  /** The last row of a position. */
  const rowOf = (at: number): number => rows.findLastIndex((row) => row.at === at);
  const program = lower(spec, { batch: 1, length: L, chunk: 16, part: "model", noise: "given" });
  const copies = new Map(program.parameters.map(({ tensor, names }) => [tensorOf(program, tensor).name, names]));
  const v = values(program, (name, size) => {
    const names = copies.get(name);
    if (names) return names.flatMap((copy) => [...(weights.get(copy) as Tensor).data].map(Number));
    const means = program.tensors.find((tensor) => tensor.name === name)?.means;
    if (means?.is === "timesteps") return timestepTable(means.steps);
    if (means?.is === "rotary") return rotaryTable(means.theta, means.head, means.positions);
    const [kind, of = ""] = name.split(".");
    if (name === "position") return rows.map((_, r) => r);
    // All positions of a picture came from one place.
    if (kind === "keys") return rows.flatMap(({ at }, r) => [0, of === "both" ? rowOf(at) : r]);
    if (name === "embedded") return rows.map(({ embedded }) => embedded);
    if (name === "modality") return rows.map(({ modality }) => modality);
    const index = modalities.findIndex((m) => m.name === of);
    const shown = positions.filter((p): p is Shown => !isItem(p) && p.modality === index);
    const numbers = new Float64Array(size).fill(kind === "index" || name === "target" ? -1 : 0);
    if (kind === "index") {
      rows.forEach(({ at }, r) => {
        numbers[r] = shown.indexOf(positions[at] as Shown);
      });
    }
    if (kind === "timestep") numbers.set(shown.map(({ t }) => t));
    if (kind === "noisy") {
      const width = patchSize(declared(index));
      for (const p of shown) numbers.set(p.noisy, rows.findIndex(({ at }) => positions[at] === p) * width);
    }
    return numbers;
  });
  evaluate(v);
  const named = (name: string) => read(v, program.tensors.find((t) => t.name === name)?.id as never);
  return {
    logits: (at: number) => named("logits").subarray(rowOf(at) * V, (rowOf(at) + 1) * V),
    noise: (at: number) => {
      const { name } = declared((positions[at] as Shown).modality);
      const width = patchSize(declared((positions[at] as Shown).modality));
      const first = rows.findIndex((row) => row.at === at);
      return named(`prediction.${name}`).subarray(first * width, (rowOf(at) + 1) * width);
    },
  };
}

/** Runs one of the decoder's three sequences to its end, and compares at every position. */
async function follow(decoder: Decoder, sequence: number, expected: ReturnType<typeof whole>): Promise<number> {
  const alone = <T>(value: T): (T | undefined)[] => [0, 1, 2].map((b) => (b === sequence ? value : undefined));
  const near = (found: Float32Array, wanted: Float64Array, at: number): void => {
    compared++;
    expect(relativeError(found, wanted), `position ${at}`).toBeLessThan(1e-4);
  };
  let compared = 0;
  for (let at = 0; at < before.length; ) {
    const here = before[at] as Position;
    if (!isItem(here)) {
      const stay = [0, 1, 2].map((b) => b === sequence);
      const noise = await decoder.items(here.modality, alone(here), stay);
      near(noise[sequence] as Float32Array, expected.noise(at++), at);
      continue;
    }
    const run = before.slice(at, at + decoder.piece);
    const whole = run.length === decoder.piece && run.every(isItem);
    if (whole) decoder.prefill(alone(run as Item[]));
    else decoder.step(alone(here));
    at += whole ? decoder.piece : 1;
    const logits = await decoder.logits(whole ? "prefill" : "step");
    near(logits.subarray(sequence * V, (sequence + 1) * V), expected.logits(at - 1), at - 1);
  }
  // An item that does not stay can be run any number of times.
  for (let look = 0; look < 2; look++) {
    const noise = await decoder.items(1, alone(last), [false, false, false]);
    near(noise[sequence] as Float32Array, expected.noise(before.length), before.length);
  }
  return compared;
}

describe.skipIf(missing)("a decoder", () => {
  test("agrees with the complete sequence at every position, independent of the other sequences", async () => {
    expect(d_model).toBe(12);
    const weights = await initialWeights();
    const expected = whole(weights, [...before, last]);
    // Exactly as many positions as the document has with its last picture.
    const capacity = 46;
    const decoder = await openDecoder(await testDevice(), spec, weights, { sequences: 3, piece: 4, capacity });
    // Every token takes the same few dispatches: embedding, norm and head, and those of a layer.
    expect(decoder.dispatches).toBeLessThanOrEqual(5 + 16 * spec.model.layers.length);
    // The second sequence has a token, and keeps it.
    decoder.step([undefined, { id: 7, modality: 0 }, undefined]);
    expect(await follow(decoder, 0, expected)).toBe(17);
    // A cleared sequence starts again; the one beside it continues.
    await expect(follow(decoder, 0, expected)).rejects.toThrow("position 3");
    decoder.clear([0]);
    await follow(decoder, 0, expected);
    decoder.step([undefined, { id: 9, modality: 0 }, undefined]);
    const beside = (await decoder.logits("step")).slice(V, 2 * V);
    const two = whole(weights, [
      { id: 7, modality: 0 },
      { id: 9, modality: 0 },
    ]);
    expect(relativeError(beside, two.logits(1))).toBeLessThan(1e-4);
    await follow(decoder, 2, expected);
    await decoder.items(1, [undefined, undefined, last], [false, false, true]);
    const more = { id: 7, modality: 0 };
    expect(() => decoder.step([undefined, undefined, more])).toThrow("longer than the 46 positions");
    decoder.step([undefined, more, undefined]);
    decoder.destroy();
  });
});
