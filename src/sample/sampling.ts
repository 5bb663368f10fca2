// Samples from a trained model: what is asked, checked against what the model has learned, and run.
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
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
  readonly spec: CheckedSpec;
  readonly settings: SampleSettings;
  /** What each document begins with. */
  readonly prompts: readonly (readonly SampledSegment[])[];
  /** By modality, how many ids a span holds; undefined where any number may. */
  readonly counts: readonly (number | undefined)[];
}

/** @throws InputError where the model has not learned what is asked */
export function checkRequest({ spec, settings, prompts }: SampleRequest): void {
  const { model, objectives } = spec;
  const { only, guidance } = settings;
  const { owner } = model.vocabulary;
  const name = (index: number): string => model.modalities[index]?.name ?? "";
  if (only !== undefined && objectives[only] === undefined) {
    throw new InputError(
      `The model has learned nothing of ${name(only)}: it has no objective.`,
      "Ask for another modality.",
    );
  }
  const chooses = only === undefined || model.modalities[only]?.kind !== "patches";
  if (chooses && (only === undefined || only === owner)) {
    if (objectives[owner]?.kind !== "cross_entropy") {
      throw new InputError(
        `The model has learned nothing of ${name(owner)}, nor what follows it.`,
        "Ask for another modality with --modality.",
      );
    }
    if (prompts.some((prompt) => prompt.length === 0)) {
      throw new InputError(
        "There is nothing to go on from, and how a document begins is never learned.",
        "Begin it with --prompt or --image, or ask for another modality than the text's with --modality.",
      );
    }
  }
  if (guidance !== 1 && !model.modalities.some(({ kind }) => kind === "patches")) {
    throw new InputError("--guidance: the model has no pictures that are denoised.", "Leave it out.");
  }
}

/** Positions of the longest sequence that a request can lead to: its prompt, what is sampled, a span to its end. */
function longest({ spec, settings, prompts }: SampleRequest, { rules }: Sampling): number {
  const spans = spec.model.modalities.map((_, index) => spanLength(rules, index));
  const prompted = prompts.map((prompt) =>
    prompt.reduce((sum, segment) => {
      return sum + (segment.kind === "tokens" ? segment.ids.length + 2 : (spans[segment.modality] as number));
    }, 0),
  );
  return Math.max(...prompted) + settings.tokens + Math.max(...spans);
}

/** Samples one document for each prompt, side by side; the same request and weights give the same on a device. */
export async function sampleDocuments(
  device: OpenDevice,
  weights: Tensors,
  request: SampleRequest,
): Promise<SampledDocument[]> {
  checkRequest(request);
  const { spec, settings, prompts, counts } = request;
  const learned = spec.objectives.map((objective) => objective !== undefined);
  const sampling: Sampling = { rules: { parts: spec.model, learned, counts }, objectives: spec.objectives, settings };
  const width = sequencesFor(settings);
  const { only } = settings;
  const prompted = new Set(prompts.flatMap((prompt) => prompt.map(({ modality }) => modality)));
  const decoder = await openDecoder(device, spec, weights, {
    capacity: longest(request, sampling),
    sequences: width * Math.min(SIDE_BY_SIDE, prompts.length),
    pictures: (modality) => prompted.has(modality) || only === undefined || only === modality,
  });
  try {
    const documents = prompts.map((prompt, number) => sampleDocument(sampling, prompt, number));
    return await sampleAll(decoder, documents, width);
  } finally {
    decoder.destroy();
  }
}
