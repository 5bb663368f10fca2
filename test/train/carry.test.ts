// Truncated backpropagation through time: short steps that carry their states give the results of one long step, and a
// resumed run gives the results of an uninterrupted one.

import { describe, expect, test } from "vitest";
import { compile, type PhaseRequest, TRAINING_PHASES } from "../../src/compile.js";
import { type DataSet, oneSource, openDataSet } from "../../src/data/data-set.js";
import { type PreparedDocument, writeShard } from "../../src/data/shard.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { Checkpoint } from "../../src/train/checkpoint-files.js";
import { train, validate } from "../../src/train/loop.js";
import type { TrainRecord, ValidationRecord } from "../../src/train/metrics.js";
import { type Model, openModel } from "../../src/train/model.js";
import { textAndImages } from "../data/parts.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { sketch } from "../support/spec.js";
import { filesIn, live, reread } from "./sample-checkpoint.js";

const missing = await missingAdapter();

const { modalities, vocabulary } = textAndImages();
const LONGEST = 96;

/** Texts of up to 90 bytes, every third followed by a picture. */
const documents = Array.from({ length: 14 }, (_, number): PreparedDocument => {
  const ids = Uint8Array.from({ length: 5 + ((29 * number) % 70) }, (_, i) => (number * i + 7 * i * i) % 256);
  const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * (number + 3)) % 256);
  const segments = [{ modality: 0, ids }, ...(number % 3 === 0 ? [{ modality: 1, pixels }] : [])];
  return { label: `d${number}`, hash: (number * 2654435761) >>> 0, eitherOrder: false, segments };
});
const parts = { modalities, vocabulary };
const dataSet: DataSet = openDataSet(oneSource([{ name: "a", bytes: writeShard(documents, modalities) }]), parts, 0.3);

function specOf(changes: { length: number; carry: boolean; reset: boolean; steps?: number }): CheckedSpec {
  const { length, carry, reset, steps = 6 } = changes;
  const base = sketch({
    modalities,
    vocabulary: vocabulary.size,
    d_model: 8,
    layers: 2,
    block: { d_state: 4 },
    decouple: ["in_proj", "A"],
    length,
    carry,
    reset,
    train: { steps, batch: 2, accumulate: 2, seed: 4, validate_every: 4, checkpoint_every: 3 },
  });
  return { ...base, model: { ...base.model, vocabulary } };
}

async function modelOf(
  spec: CheckedSpec,
  phases: readonly PhaseRequest[] = TRAINING_PHASES.slice(0, 2),
): Promise<Model> {
  const { profile, ...opened } = await testDevice();
  const { batch } = spec.train;
  const options = {
    profile,
    batch,
    length: spec.data.length,
    chunk: 16,
    phases,
    variants: "first",
  } as const;
  return await openModel({ ...opened, profile }, compile(spec, options), pipelinesOn(opened));
}

interface Run {
  readonly records: (TrainRecord | ValidationRecord)[];
  readonly checkpoints: Checkpoint[];
}

async function run(spec: CheckedSpec, from?: Checkpoint, stopAt = Number.POSITIVE_INFINITY): Promise<Run> {
  const model = await modelOf(spec);
  const records: Run["records"] = [];
  const checkpoints: Checkpoint[] = [];
  let asked = from?.step ?? 0;
  await train(
    model,
    spec,
    dataSet,
    {
      stepped: (record) => records.push(record),
      validated: (record) => records.push(record),
      checkpoint: async (made) => {
        checkpoints.push(await reread(made));
      },
      stopWanted: () => asked++ >= stopAt,
    },
    from,
  );
  model.runtime.destroy();
  return { records, checkpoints };
}

const bytesOf = async (checkpoint: Checkpoint): Promise<Map<string, string>> =>
  new Map([...(await filesIn(live(checkpoint)))].map(([name, bytes]) => [name, bytes.toString("base64")]));

describe.skipIf(missing)("with data.carry", () => {
  test.each([true, false])("a resumed run is bit-identical to an uninterrupted one (reset: %s)", async (reset) => {
    const spec = specOf({ length: 20, carry: true, reset });
    const whole = await run(spec);
    const last = whole.checkpoints.at(-1) as Checkpoint;
    expect(last.step).toBe(6);
    const files = await bytesOf(last);
    expect([...files.keys()]).toContain("sequences.safetensors");
    for (const stop of reset ? [1, 4] : [3]) {
      const { checkpoints } = await run(spec, undefined, stop);
      const saved = checkpoints.at(-1) as Checkpoint;
      expect(saved.step).toBe(stop);
      const resumed = await run(spec, saved);
      expect(await bytesOf(resumed.checkpoints.at(-1) as Checkpoint)).toEqual(files);
      expect(resumed.records).toEqual(whole.records.filter(({ step }) => step > stop));
      // Without the carried states, the results differ.
      const { sequences, ...without } = saved;
      expect(sequences?.size).toBe(4);
      if (stop !== 1) continue;
      const forgetful = await run(spec, without);
      expect(await bytesOf(forgetful.checkpoints.at(-1) as Checkpoint)).not.toEqual(files);
    }
  });

  test("validation in short sequences equals validation in sequences that hold complete documents", async () => {
    const losses = async (length: number, carry: boolean): Promise<ValidationRecord["losses"]> => {
      const spec = specOf({ length, carry, reset: true });
      const model = await modelOf(spec, TRAINING_PHASES.slice(1, 2));
      await model.initialise(9);
      const text = dataSet.validation.filter((document) => document % 3 !== 0);
      expect(text.length).toBeGreaterThan(2);
      const record = await validate(model, spec, dataSet, 0, [{ name: undefined, documents: text }]);
      // The second evaluation does not depend on the states that the first left.
      expect(await validate(model, spec, dataSet, 0, [{ name: undefined, documents: text }])).toEqual(record);
      model.runtime.destroy();
      return record.losses;
    };
    const whole = await losses(LONGEST, false);
    expect(Object.keys(whole)).toEqual(["text"]);
    const short = await losses(7, true);
    expect(Math.abs((short.text as number) / (whole.text as number) - 1)).toBeLessThan(1e-6);
  });
});
