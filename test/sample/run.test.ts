// Documents sampled in parallel equal those sampled one after the other, with any number of sequences.
import { expect, test } from "vitest";
import { compile, EVALUATION_PHASES } from "../../src/compile.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { chooseId } from "../../src/reference/choose.js";
import { limitsOf } from "../../src/sample/choosing.js";
import { type Decoder, openDecoder } from "../../src/sample/decoder.js";
import { type SampledDocument, type Sampling, sampleDocument, sequencesFor } from "../../src/sample/document.js";
import { sampleAll } from "../../src/sample/schedule.js";
import { openModel, type Tensors } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";

const missing = await missingAdapter();

async function initialWeights(spec: CheckedSpec, seed: number): Promise<Tensors> {
  const opened = await testDevice();
  const options = { batch: 1, length: 8, phases: EVALUATION_PHASES, variants: "first" } as const;
  const model = await openModel(opened, compile(spec, { profile: opened.profile, ...options }), pipelinesOn(opened));
  await model.initialise(seed);
  const weights = await model.read("parameters");
  model.runtime.destroy();
  return weights;
}

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
  const weights = await initialWeights(spec, 2);
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

const talking = check(
  {
    path: "b.mom",
    text: `model {
  modality text: tokens(vocab: 16)
  modality speech: codes(vocab: 5)
  d_model: 8
  block mixer: mamba { d_state: 4, decouple: [in_proj] }
  block attend: attention { heads: 2, ffn: none }
  layers: mixer + attend
}
objective { text: cross_entropy, speech: cross_entropy }
data { source: files("a.jsonl"), length: 128 }
train { steps: 1, batch: 1 }
`,
  },
  () => undefined,
).spec as CheckedSpec;

/** Samples a document with one choice at a time, by the float64 reference. */
async function stepByStep(decoder: Decoder, document: ReturnType<typeof sampleDocument>): Promise<SampledDocument> {
  decoder.clear([0]);
  let next = document.next([]);
  while (!next.done) {
    const [want] = next.value;
    if (want === undefined || want.kind === "item") throw new Error("only tokens are wanted here");
    for (const item of want.items) decoder.step([item]);
    if (want.kind === "ids") {
      next = document.next([undefined]);
      continue;
    }
    const logits = await decoder.logits("step");
    const { allowed, choosing, uniforms } = want.choices;
    const ids = allowed.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
    const [temperature, topK, topP] = limitsOf(choosing);
    const sorted = ids.sort((x, y) => x - y);
    const id = chooseId((at) => logits[at] as number, sorted, { temperature, topK, topP }, uniforms(1)[0] as number);
    next = document.next([Int32Array.of(id)]);
  }
  return next.value;
}

test.skipIf(missing)("runs that end early give the same documents as one token at a time", async () => {
  const opened = await testDevice();
  const weights = await initialWeights(talking, 3);
  const documents = () =>
    [1, 3, 2, 5].map((length, number) => {
      const settings = { seed: 9, tokens: 40, temperature: 1, topK: 14, topP: 0.97, steps: 1, guidance: 1 };
      const counts = [undefined, number === 3 ? 3 : undefined];
      const rules = { parts: talking.model, learned: [true, true], counts };
      const ids = Array.from({ length }, (_, i) => i);
      return sampleDocument(
        { rules, objectives: talking.objectives, settings },
        [{ kind: "ids", modality: 0, ids }],
        number,
      );
    });
  const alone = await openDecoder(opened, talking, weights, { sequences: 1 });
  const expected: SampledDocument[] = [];
  for (const document of documents()) expected.push(await stepByStep(alone, document));
  alone.destroy();
  // The documents have several segments, so their runs end in the middle.
  expect(expected.reduce((sum, { segments }) => sum + segments.length, 0)).toBeGreaterThan(8);
  const decoder = await openDecoder(opened, talking, weights, { sequences: 3 });
  expect(await sampleAll(decoder, documents(), 1)).toEqual(expected);
  decoder.destroy();
});
