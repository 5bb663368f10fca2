// Samples from a trained model: what is asked, checked against what the model has learned, and run.
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { positionsOfItem } from "../modalities/modality.fields.js";
import { ofItems } from "../objectives/items.js";
import { learnedOf } from "../objectives/objective.fields.js";
import { attends } from "../train/attention-inputs.js";
import type { Tensors } from "../train/model.js";
import { openDecoder } from "./decoder.js";
import {
  type SampledDocument,
  type SampledSegment,
  type SampleSettings,
  type Sampling,
  sampleDocument,
  sequencesFor,
} from "./document.js";
import { sampleAll } from "./run.js";
import { spanLength } from "./well-formed.js";

/** Documents that are sampled side by side. */
const SIDE_BY_SIDE = 8;

export interface SampleRequest {
  readonly settings: SampleSettings;
  /** What each document begins with. */
  readonly prompts: readonly (readonly SampledSegment[])[];
  /** What tells the draws of documents apart; 0, 1, … where it is absent. */
  readonly numbers?: readonly number[];
}

/** A model and how many ids a span of each modality holds; undefined where any number may. */
export interface Sampled {
  readonly spec: CheckedSpec;
  readonly counts: readonly (number | undefined)[];
}

/** Positions that a prompt takes. */
function positionsOf(prompt: readonly SampledSegment[], { model }: CheckedSpec): number {
  return prompt.reduce((sum, segment) => {
    const markers = segment.modality === model.vocabulary.owner ? 0 : 2;
    const content = segment.kind === "ids" ? segment.ids.length : positionsOfItem(model.modalities[segment.modality]);
    return sum + markers + content;
  }, 0);
}

/**
 * The request as it can be fulfilled: attention has learned no positions beyond data.length, so that no more are sampled.
 * @throws InputError where the model has not learned what is asked
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
      `The model has learned nothing of ${name(only)}: it has no objective.`,
      "Ask for another modality.",
    );
  }
  if (only === undefined || only === owner) {
    if (learnedOf(objectives[owner]) !== "ids") {
      throw new InputError(
        "cannot-sample",
        `The model has learned nothing of ${name(owner)}, nor what follows it.`,
        "Ask for another modality with --modality.",
      );
    }
    if (prompts.some((prompt) => prompt.length === 0)) {
      throw new InputError(
        "cannot-sample",
        "There is nothing to go on from, and how a document begins is never learned.",
        "Begin it with --prompt or --image, or ask for another modality than the text's with --modality.",
      );
    }
  }
  const drawn = objectives.filter((objective) => learnedOf(objective) === "items").map(ofItems);
  if (guidance !== 1 && !model.modalities.some((modality) => positionsOfItem(modality) > 0)) {
    throw new InputError("bad-option", "--guidance: the model has no pictures that are denoised.", "Leave it out.");
  }
  const { sampler } = settings;
  const known = [...new Set(drawn.flatMap(({ samplers }) => samplers))];
  if (sampler !== undefined && known.length > 0 && !known.includes(sampler)) {
    throw new InputError(
      "bad-option",
      `--sampler: what the model has learned is drawn by ${known.join(" or ")}, not by ${sampler}.`,
      "Name one of these, or leave it out.",
    );
  }
  if (!attends(spec)) return request;
  const longest = Math.max(...prompts.map((prompt) => positionsOf(prompt, spec)));
  const learned = spec.objectives.map((objective) => objective !== undefined);
  const least = only === undefined || only === owner ? 1 : spanLength({ parts: model, learned, counts }, only);
  if (longest + least > data.length) {
    throw new InputError(
      "cannot-sample",
      `The prompt takes ${longest} positions and what is asked at least ${least}; attention has learned ${data.length}, its data.length.`,
      "Take a shorter prompt.",
    );
  }
  return { ...request, settings: { ...settings, tokens: Math.min(settings.tokens, data.length - longest) } };
}

export interface Sampler {
  /**
   * Samples one document for each prompt, side by side; the same request and weights give the same on a device.
   * @throws InputError where the model has not learned what is asked
   */
  sample(request: SampleRequest): Promise<SampledDocument[]>;
  destroy(): void;
}

/**
 * @param plans the requests that will come: no more is made ready than they need
 * @throws InputError where the weights are not the spec's
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
