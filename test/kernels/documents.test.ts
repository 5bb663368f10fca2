// Documents packed into one sequence have the same outputs and gradients as each document alone, on the device.
import { describe, expect, test } from "vitest";
import { batchOf, type HostField } from "../../src/batch/host-array.js";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import { compile } from "../../src/compile.js";
import { stream } from "../../src/random/stream.js";
import { attentionArrays } from "../../src/train/attention-inputs.js";
import { openModel, stepScalars } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { image, sketch, speech, text } from "../support/spec.js";

const missing = await missingAdapter();

const LENGTH = 80;
const CHUNK = 16;
/** The first two start at the start of a chunk. Padding follows the last one. */
const DOCUMENTS = [32, 29, 12];
const starts = DOCUMENTS.map((_, i) => DOCUMENTS.slice(0, i).reduce((sum, n) => sum + n, 0));
const end = DOCUMENTS.reduce((sum, n) => sum + n, 0);

const common = {
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 12,
  layers: 2,
  block: { d_state: 8 },
  groups: Object.fromEntries(MAMBA_PARTS.map((part) => [part, { groups: 2, of: [0, 1, 0] }])),
} as const;
const d = common.d_model;
/** Sums of attention start at tiles, not at documents. */
const attention = { heads: 2, kv_heads: 1 };
const draw = stream("sample", 4);
/** The document of each position; −1 for the padding. */
const documents = Int32Array.from({ length: LENGTH }, (_, r) => (r < end ? starts.findLastIndex((s) => s <= r) : -1));
const normal = (size: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: size }, () => draw.normal());
const input = normal(LENGTH * d);
/** Outputs at the padding are not compared. */
const cotangent = normal(LENGTH * d).map((x, i) => (i < end * d ? x : 0));
const modality = Uint32Array.from({ length: LENGTH }, () => draw.below(3));

/** Each document at the start of a separate sequence, followed by zeros. */
function alone<T extends Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(all: T, columns: number): T {
  const rows = DOCUMENTS.map((length, i) =>
    all.subarray((starts[i] as number) * columns, ((starts[i] as number) + length) * columns),
  );
  const out = (all instanceof Float32Array ? new Float32Array(3 * all.length) : new Uint32Array(3 * all.length)) as T;
  rows.forEach((row, i) => {
    out.set(row, i * all.length);
  });
  return out;
}

describe.skipIf(missing)("documents packed into one sequence", () => {
  test.each([{ fuse: true }, { fuse: false }, { fuse: true, attention }])(
    "have the outputs and gradients of each document alone (%j)",
    async ({ fuse, ...more }) => {
      const spec = sketch({ ...common, ...more });
      const opened = await testDevice();
      const stack = { part: "stack", noise: "given", gradients: true, wanted: [{ is: "input" }] } as const;
      const compiled = compile(spec, {
        profile: opened.profile,
        batch: 1,
        length: LENGTH,
        chunk: CHUNK,
        fuse,
        variants: "first",
        phases: [
          { ...stack, name: "packed", reset: true },
          { ...stack, name: "leaking", reset: false },
          { ...stack, name: "alone", reset: false, batch: 3, wanted: [{ is: "input" }] },
        ],
      });
      const model = await openModel(opened, compiled, pipelinesOn(opened));
      await model.initialise(3);
      model.writeStep(stepScalars(spec.train.optimizer, () => 1e-3, 1, 1, false));
      const begins = Uint32Array.from({ length: LENGTH }, (_, r) => ([...starts, end].includes(r) ? 1 : 0));
      const arrays: [
        "input" | "cotangent" | "modality",
        Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
        number,
      ][] = [
        ["input", input, d],
        ["cotangent", cotangent, d],
        ["modality", modality, 1],
      ];
      const packed = batchOf([
        ...arrays.map(([is, all]): HostField => [{ is }, all]),
        [{ is: "reset" }, begins],
        ...attentionArrays(spec, { length: LENGTH, document: documents, items: [] }, true),
      ]);
      model.writeBatch(packed);
      const one = (rows: number) => ({ length: LENGTH, document: new Int32Array(rows), items: [] });
      model.writeBatch(
        batchOf([
          ...arrays.map(([is, all, columns]): HostField => [{ is }, alone(all, columns)]),
          ...attentionArrays(spec, one(3 * LENGTH), false),
        ]),
        "alone",
      );
      const of = async (phase: string, output: string, gradient: string) => {
        model.runtime.run([phase]);
        const results = [await model.result(output), await model.result(gradient)] as const;
        return { results, weights: await model.read("gradients") };
      };
      const found = await of("packed", "output", "grad.input");
      model.writeBatch(new Map([...packed, ...batchOf(attentionArrays(spec, one(LENGTH), false))]));
      const leaking = await of("leaking", "output", "grad.input");
      const expected = await of("alone", "alone/output", "alone/grad.input");
      for (const k of [0, 1] as const) {
        DOCUMENTS.forEach((length, i) => {
          const from = (starts[i] as number) * d;
          const packedRows = found.results[k].subarray(from, from + length * d);
          const reference = expected.results[k].subarray(i * LENGTH * d, (i * LENGTH + length) * d);
          // The two kernels differ, so a GPU's compiler may fuse their multiplications and additions differently.
          const bits = opened.source !== "gpu" && ("attention" in more ? i === 0 : (starts[i] as number) % CHUNK === 0);
          if (bits)
            expect(
              packedRows.every((x, n) => x === reference[n]),
              `document ${i}`,
            ).toBe(true);
          expect(relativeError(packedRows, reference), `document ${i}`).toBeLessThan(1e-6);
          // Without resets, earlier documents affect outputs and later ones contribute gradients.
          const leakingRows = leaking.results[k].subarray(from, from + length * d);
          if (k === 0 ? i > 0 : i < 2) expect(relativeError(leakingRows, reference)).toBeGreaterThan(1e-3);
        });
      }
      expect(found.weights.size).toBe(compiled.parameters.length);
      for (const [name, { data }] of expected.weights) {
        const error = relativeError(found.weights.get(name)?.data as Float32Array, data as Float32Array);
        expect(error, name).toBeLessThan(1e-6);
      }
      model.runtime.destroy();
    },
  );
});
