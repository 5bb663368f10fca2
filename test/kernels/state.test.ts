// Consecutive runs that carry the state of sequences on the device give the outputs of one long run.
import { describe, expect, test } from "vitest";
import type { HostArray } from "../../src/batch/host-array.js";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import { compile, type PhaseRequest } from "../../src/compile.js";
import { stream } from "../../src/random/stream.js";
import { type Model, openModel } from "../../src/train/model.js";
import { advanceState, clearState, stateFields } from "../../src/train/state.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { image, sketch, speech, text } from "../support/spec.js";

const missing = await missingAdapter();

const BATCH = 2;
const CHUNK = 16;
/** Lengths of consecutive runs. The first two runs end with a chunk of the long run. */
const LENGTHS = [64, 16, 65, 3, 1, 1];
const TOTAL = LENGTHS.reduce((sum, n) => sum + n, 0);
/** Positions with the chunks of the long run. */
const EXACT = 64 + 16;

const spec = sketch({
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 12,
  layers: 2,
  block: { d_state: 8 },
  groups: Object.fromEntries(MAMBA_PARTS.map((part) => [part, { groups: 2, of: [0, 1, 0] }])),
});
const d = spec.model.d_model;

const phase = (length: number): PhaseRequest => {
  const name = length === TOTAL ? "long" : `of ${length}`;
  return { name, part: "stack", noise: "given", gradients: false, state: "carried", length };
};

const draw = stream("sample", 4);
const input = Float32Array.from({ length: BATCH * TOTAL * d }, () => draw.normal());
const modality = Uint32Array.from({ length: BATCH * TOTAL }, () => draw.below(3));

/** Positions `first` to `first + length` of every sequence. */
function positions<T extends Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  all: T,
  columns: number,
  first: number,
  length: number,
): T {
  const selected = all.slice(0, BATCH * length * columns) as T;
  for (let row = 0; row < BATCH; row++) {
    const from = (row * TOTAL + first) * columns;
    selected.set(all.subarray(from, from + length * columns), row * length * columns);
  }
  return selected;
}

async function run(model: Model, first: number, length: number): Promise<Float32Array> {
  const { name } = phase(length);
  const scope = length === TOTAL ? undefined : name;
  const batch = new Map<string, HostArray>([
    ["input", positions(input, d, first, length)],
    ["modality", positions(modality, 1, first, length)],
  ]);
  model.writeBatch(batch, scope);
  model.runtime.run([name]);
  return await model.result(scope === undefined ? "output" : `${scope}/output`);
}

describe.skipIf(missing)("carrying the state of sequences", () => {
  test("gives the outputs of one long run: bit-identical with the same chunks, else within 1e-6", async () => {
    const opened = await testDevice();
    const compiled = compile(spec, {
      profile: opened.profile,
      batch: BATCH,
      length: TOTAL,
      chunk: CHUNK,
      variants: "first",
      phases: [...new Set([TOTAL, ...LENGTHS])].map(phase),
    });
    const model = await openModel(opened, compiled, pipelinesOn(opened));
    await model.initialise(3);
    expect(stateFields(compiled.plan).map(([next, state]) => [next, state])).toEqual(
      [0, 1].flatMap((layer) =>
        ["conv", "h"].map((part) => [`next.layers.${layer}.${part}`, `state.layers.${layer}.${part}`]),
      ),
    );
    const readEnd = async () =>
      await Promise.all(stateFields(compiled.plan).map(async ([next]) => await model.result(next)));
    const long = await run(model, 0, TOTAL);
    const longEnd = await readEnd();
    const states: Float32Array[][] = [];
    for (let first = 0, i = 0; i < LENGTHS.length; i++) {
      const length = LENGTHS[i] as number;
      const short = await run(model, first, length);
      const expected = positions(long as Float32Array<ArrayBuffer>, d, first, length);
      if (first + length <= EXACT) expect(short.every((x, k) => x === expected[k])).toBe(true);
      expect(relativeError(short, expected), `positions from ${first}`).toBeLessThan(1e-6);
      // Without its state, a run has different outputs.
      if (first > 0) {
        clearState(model);
        expect(relativeError(await run(model, first, length), expected)).toBeGreaterThan(1e-3);
        const before = states[i - 1] as Float32Array<ArrayBuffer>[];
        for (const [k, [, state]] of stateFields(compiled.plan).entries())
          model.runtime.write(state, before[k] as never);
        expect(await run(model, first, length)).toEqual(short);
      }
      states.push(await readEnd());
      advanceState(model);
      first += length;
    }
    states.at(-1)?.forEach((end, i) => {
      expect(relativeError(end, longEnd[i] as Float32Array)).toBeLessThan(1e-6);
    });
    clearState(model);
    expect(await run(model, 0, 64)).toEqual(positions(long as Float32Array<ArrayBuffer>, d, 0, 64));
    model.runtime.destroy();
  });
});
