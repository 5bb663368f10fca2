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
import { openDecoder, stateBytes } from "./decoder.js";
import {
  type SampledDocument,
  type SampledSegment,
  type SampleSettings,
  type Sampling,
  sampleDocument,
  sequencesFor,
} from "./document.js";
import { sampleAll } from "./schedule.js";
import { segmentLength } from "./well-formed.js";

/** The largest number of documents that are sampled in parallel. */
const SIDE_BY_SIDE = 32;
/** The most memory for the states of their sequences, if one sequence does not need more. */
const STATE_BYTES = 2 ** 30;

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
  const { profile } = device;
  const room = Math.floor(Math.min(STATE_BYTES, profile.limits.bufferBytes) / stateBytes(spec, profile));
  const widest = Math.max(...plans.map(({ settings }) => sequencesFor(settings)));
  sequences = Math.min(sequences, Math.max(widest, room));
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
