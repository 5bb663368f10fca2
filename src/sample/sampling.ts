// Samples from a trained model: checks requests against what the model was trained on, and runs as many documents in parallel
// as the decoder has sequences.
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { positionsOfItem } from "../modalities/modality.fields.js";
import { ofItems } from "../objectives/items.js";
import { learnedOf } from "../objectives/objective.fields.js";
import { attends } from "../train/attention-inputs.js";
import type { Tensors } from "../train/model.js";
import { type Decoder, openDecoder } from "./decoder.js";
import {
  type Answer,
  type Item,
  type SampledDocument,
  type SampledSegment,
  type SampleSettings,
  type Sampling,
  sampleDocument,
  sequencesFor,
  type Want,
} from "./document.js";
import { segmentLength } from "./well-formed.js";

/** The number of documents that are sampled in parallel. */
const SIDE_BY_SIDE = 8;

export interface SampleRequest {
  readonly settings: SampleSettings;
  /** The prompt of each document. */
  readonly prompts: readonly (readonly SampledSegment[])[];
  /** Numbers that distinguish the random draws of documents; 0, 1, … by default. */
  readonly numbers?: readonly number[];
}

/** A model, and the number of ids in a segment of each modality; undefined if it can be any number. */
interface Sampled {
  readonly spec: CheckedSpec;
  readonly counts: readonly (number | undefined)[];
}

/** The number of positions of a prompt. */
function positionsOf(prompt: readonly SampledSegment[], { model }: CheckedSpec): number {
  return prompt.reduce((sum, segment) => {
    const markers = segment.modality === model.vocabulary.owner ? 0 : 2;
    const content = segment.kind === "ids" ? segment.ids.length : positionsOfItem(model.modalities[segment.modality]);
    return sum + markers + content;
  }, 0);
}

/**
 * Limits a request to data.length positions if the model has attention, which was not trained on later positions.
 * @throws InputError if the model was not trained for the request
 */
export function checkRequest({ spec, counts }: Sampled, request: SampleRequest): SampleRequest {
  const { settings, prompts } = request;
  const { model, objectives, data } = spec;
  const { only, guidance } = settings;
  const { owner } = model.vocabulary;
  const name = (index: number): string => model.modalities[index]?.name ?? "";
  if (only !== undefined && objectives[only] === undefined) {
    throw new InputError(
      "cannot-sample",
      `The model was not trained on ${name(only)}, which has no objective.`,
      "Select another modality.",
    );
  }
  if (only === undefined || only === owner) {
    if (learnedOf(objectives[owner]) !== "ids") {
      throw new InputError(
        "cannot-sample",
        `The model was not trained to predict ${name(owner)}.`,
        "Select another modality with --modality.",
      );
    }
    if (prompts.some((prompt) => prompt.length === 0)) {
      throw new InputError(
        "cannot-sample",
        "The prompt is empty, and models are not trained to predict how a document starts.",
        "Add --prompt or --image, or select a modality other than text with --modality.",
      );
    }
  }
  const drawn = objectives.filter((objective) => learnedOf(objective) === "items").map(ofItems);
  if (guidance !== 1 && !model.modalities.some((modality) => positionsOfItem(modality) > 0)) {
    throw new InputError("bad-option", "--guidance: the model has no modality that is denoised.", "Leave it out.");
  }
  const { sampler } = settings;
  const known = [...new Set(drawn.flatMap(({ samplers }) => samplers))];
  if (sampler !== undefined && known.length > 0 && !known.includes(sampler)) {
    throw new InputError(
      "bad-option",
      `--sampler: the model's objective supports ${known.join(" and ")}, not ${sampler}.`,
      "Use one of these, or leave it out.",
    );
  }
  if (!attends(spec)) return request;
  const longest = Math.max(...prompts.map((prompt) => positionsOf(prompt, spec)));
  const learned = spec.objectives.map((objective) => objective !== undefined);
  const least = only === undefined || only === owner ? 1 : segmentLength({ parts: model, learned, counts }, only);
  if (longest + least > data.length) {
    throw new InputError(
      "cannot-sample",
      `The prompt takes ${longest} positions and the sample at least ${least}, but attention was trained on data.length: ${data.length}.`,
      "Use a shorter prompt.",
    );
  }
  return { ...request, settings: { ...settings, tokens: Math.min(settings.tokens, data.length - longest) } };
}

interface Sampler {
  /**
   * Samples one document for each prompt, in parallel. On a device, the same request and weights give the same result.
   * @throws InputError if the model was not trained for the request
   */
  sample(request: SampleRequest): Promise<SampledDocument[]>;
  destroy(): void;
}

/**
 * @param plans the expected requests; only what they need is prepared
 * @throws InputError if the weights do not match the spec
 */
export async function openSampler(
  device: OpenDevice,
  { spec, counts }: Sampled,
  weights: Tensors,
  plans: readonly SampleRequest[],
): Promise<Sampler> {
  const needed = new Set<number>();
  let sequences = 1;
  for (const { settings, prompts } of plans) {
    const { only } = settings;
    spec.model.modalities.forEach((_, m) => {
      if (only === undefined || only === m) needed.add(m);
    });
    for (const { modality } of prompts.flat()) needed.add(modality);
    sequences = Math.max(sequences, sequencesFor(settings) * Math.min(SIDE_BY_SIDE, prompts.length));
  }
  const decoder = await openDecoder(device, spec, weights, { sequences, wanted: (modality) => needed.has(modality) });
  const learned = spec.objectives.map((objective) => objective !== undefined);
  return {
    sample(request) {
      const { settings, prompts, numbers } = checkRequest({ spec, counts }, request);
      const sampling: Sampling = {
        rules: { parts: spec.model, learned, counts },
        objectives: spec.objectives,
        settings,
      };
      const documents = prompts.map((prompt, i) => sampleDocument(sampling, prompt, numbers?.[i] ?? i));
      return sampleAll(decoder, documents, sequencesFor(settings));
    },
    destroy: () => decoder.destroy(),
  };
}

type Documented = Generator<readonly (Want | undefined)[], SampledDocument, readonly Answer[]>;

/** A sequence of a document on the device, and the rest of its current request. */
interface Lane {
  readonly sequence: number;
  want: Want | undefined;
  fed: number;
  answer: Answer;
}

interface Slot {
  readonly number: number;
  readonly document: Documented;
  readonly lanes: readonly Lane[];
}

/**
 * Samples documents, as many at a time as the decoder has sequences. Each starts in an empty sequence.
 * @param width number of sequences per document
 * @param done called for each finished document, in any order
 */
export async function sampleAll(
  decoder: Decoder,
  documents: readonly Documented[],
  width: number,
  done: (document: SampledDocument, number: number) => void = () => {},
): Promise<SampledDocument[]> {
  const results: SampledDocument[] = [];
  const waiting = documents.map((document, number) => ({ document, number }));
  const free = Array.from({ length: Math.floor(decoder.sequences / width) }, (_, i) => i * width);
  if (free.length === 0) throw new Error(`a document needs ${width} sequences, and there are ${decoder.sequences}`);
  const slots = new Set<Slot>();

  /** Starts the next request of a document. If there is none, its sequences become free. */
  const advance = (slot: Slot, answers: readonly Answer[]) => {
    const { value, done: over } = slot.document.next(answers);
    if (over) {
      results[slot.number] = value;
      done(value, slot.number);
      slots.delete(slot);
      free.push(slot.lanes[0]?.sequence as number);
      return;
    }
    const fresh: number[] = [];
    slot.lanes.forEach((lane, i) => {
      lane.want = value[i];
      lane.fed = 0;
      lane.answer = undefined;
      if (lane.want?.kind === "ids" && lane.want.resets) fresh.push(lane.sequence);
    });
    if (fresh.length > 0) decoder.clear(fresh);
  };
  const begin = () => {
    while (free.length > 0 && waiting.length > 0) {
      const sequence = free.shift() as number;
      const { document, number } = waiting.shift() as (typeof waiting)[number];
      const lanes = Array.from(
        { length: width },
        (_, i): Lane => ({ sequence: sequence + i, want: undefined, fed: 0, answer: undefined }),
      );
      decoder.clear(lanes.map((lane) => lane.sequence));
      const slot = { number, document, lanes };
      slots.add(slot);
      advance(slot, []);
    }
  };

  for (begin(); slots.size > 0; begin()) {
    const lanes = [...slots].flatMap((slot) => slot.lanes);
    await (feedTokens(decoder, lanes) ?? lookAtItems(decoder, lanes));
    for (const slot of [...slots]) {
      if (slot.lanes.every(({ want }) => want === undefined))
        advance(
          slot,
          slot.lanes.map(({ answer }) => answer),
        );
    }
  }
  return results;
}

/** One run for all requested tokens, whole pieces first; undefined if there are none. */
function feedTokens(decoder: Decoder, lanes: readonly Lane[]): Promise<void> | undefined {
  const pending = lanes.flatMap((lane) => {
    const { want, fed } = lane;
    return want?.kind === "ids" ? [{ lane, want, left: want.items.length - fed }] : [];
  });
  if (pending.length === 0) return undefined;
  const whole = pending.filter(({ left }) => left >= decoder.piece);
  const [served, count] = whole.length > 0 ? [whole, decoder.piece] : [pending, 1];
  const items: (readonly Item[] | undefined)[] = Array.from({ length: decoder.sequences }, () => undefined);
  for (const { lane, want } of served) items[lane.sequence] = want.items.slice(lane.fed, lane.fed + count);
  if (count === 1) decoder.step(items.map((list) => list?.[0]));
  else decoder.prefill(items);
  const through: Lane[] = [];
  let asked = false;
  for (const { lane, want } of served) {
    lane.fed += count;
    if (lane.fed < want.items.length) continue;
    asked ||= want.logits;
    through.push(lane);
  }
  return (async () => {
    const logits = asked ? await decoder.logits(count === 1 ? "step" : "prefill") : new Float32Array();
    const V = logits.length / decoder.sequences;
    for (const lane of through) {
      if (lane.want?.kind === "ids" && lane.want.logits)
        lane.answer = logits.subarray(lane.sequence * V, (lane.sequence + 1) * V);
      lane.want = undefined;
    }
  })();
}

/** One run for all requested items of a modality. */
async function lookAtItems(decoder: Decoder, lanes: readonly Lane[]): Promise<void> {
  const wanted = lanes.flatMap((lane) => (lane.want?.kind === "item" ? [{ lane, want: lane.want }] : []));
  const [first] = wanted;
  if (!first) throw new Error("no sampled document has a request");
  const served = wanted.filter(({ want }) => want.modality === first.want.modality);
  const bySequence = Array.from(
    { length: decoder.sequences },
    (_, b) => served.find(({ lane }) => lane.sequence === b)?.want,
  );
  const predicted = await decoder.items(
    first.want.modality,
    bySequence,
    bySequence.map((want) => want?.stays === true),
  );
  for (const { lane } of served) {
    lane.answer = predicted[lane.sequence];
    lane.want = undefined;
  }
}
