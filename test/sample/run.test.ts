// Documents sampled in parallel equal those sampled one after the other, with any number of sequences.
import { expect, test } from "vitest";
import { compile, EVALUATION_PHASES } from "../../src/compile.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { openDecoder } from "../../src/sample/decoder.js";
import { type SampledDocument, type Sampling, sampleDocument, sequencesFor } from "../../src/sample/document.js";
import { sampleAll } from "../../src/sample/sampling.js";
import { openModel } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";

const missing = await missingAdapter();
const source = `model {
  modality text: bytes
  modality image: patches(size: 4x4, patch: 2x2, channels: 1)
  d_model: 8
  block mixer: mamba { d_state: 4, decouple: [in_proj] }
  layers: mixer
}
objective { text: cross_entropy, image: ddpm(steps: 20) }
data { source: emoji, length: 32 }
train { steps: 1, batch: 1 }
`;
const spec = check({ path: "a.mom", text: source }, () => undefined).spec as CheckedSpec;

test.skipIf(missing)("in parallel or one after the other, with guidance and prompts of any length", async () => {
  const opened = await testDevice();
  const options = { batch: 1, length: 8, phases: EVALUATION_PHASES, variants: "first" } as const;
  const model = await openModel(opened, compile(spec, { profile: opened.profile, ...options }), pipelinesOn(opened));
  await model.initialise(2);
  const weights = await model.read("parameters");
  model.runtime.destroy();

  const sampling: Sampling = {
    rules: { parts: spec.model, learned: [true, true], counts: [undefined, undefined] },
    objectives: spec.objectives,
    settings: { seed: 4, tokens: 20, temperature: 1, steps: 3, sampler: "ddpm", guidance: 1.5 },
  };
  const width = sequencesFor(sampling.settings);
  const prompts = [1, 7, 4, 9, 2].map((length) => Array.from({ length }, (_, i) => (31 * i + length) % 256));
  const sampled = async (sequences: number): Promise<SampledDocument[]> => {
    const decoder = await openDecoder(opened, spec, weights, { sequences, piece: 4 });
    const documents = prompts.map((ids, number) =>
      sampleDocument(
        number % 2 === 0 ? sampling : { ...sampling, settings: { ...sampling.settings, only: 1 } },
        number === 2
          ? [{ kind: "item", modality: 1, values: new Float32Array(16).fill(0.5) }]
          : [{ kind: "ids", modality: 0, ids }],
        number,
      ),
    );
    const finished: number[] = [];
    const made = await sampleAll(decoder, documents, width, (_, number) => finished.push(number));
    expect(finished.sort()).toEqual([0, 1, 2, 3, 4]);
    decoder.destroy();
    return made;
  };
  const alone = await sampled(width);
  const kinds = alone.map(({ segments }) => segments.map(({ kind }) => kind).join());
  expect(kinds).toEqual(["ids", "item", "ids", "item", "ids"]);
  const beside = await sampled(3 * width);
  expect(beside).toEqual(alone);
});
