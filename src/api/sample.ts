// Samples from a trained model.
import { decodersOf, openCodecs } from "../data/codecs.js";
import type { AdapterSource } from "../gpu/dawn.js";
import { dropOf } from "../objectives/objective.fields.js";
import type { SampledDocument, SampleSettings } from "../sample/document.js";
import { checkRequest, openSampler } from "../sample/sampling.js";
import { idsInSpans, type Showing } from "../sample/shown.js";
import type { Host } from "./host.js";
import { modalityNamed, type PromptOptions, promptOf } from "./prompt.js";
import type { Trained } from "./trained.js";

export interface SampleOptions extends PromptOptions, Omit<SampleSettings, "only"> {
  /** Sample one segment of this modality (default: the rest of the document). */
  readonly modality?: string | undefined;
  readonly count: number;
  readonly adapter?: AdapterSource | undefined;
  /** Receives notes about the settings. */
  readonly notice: (line: string) => void;
}

/** The defaults of the options. */
export const SAMPLE_DEFAULTS = { count: 1, tokens: 100, temperature: 1, seed: 0, steps: 50, guidance: 1 } as const;

export interface Samples {
  readonly documents: readonly SampledDocument[];
  /** Decoders and parts for showing the documents. */
  readonly showing: Showing;
}

/** @throws InputError if the prompt or the settings do not fit the model; DeviceError */
export async function sample(host: Host, trained: Trained, options: SampleOptions): Promise<Samples> {
  const { spec, folder, reach, weights } = trained;
  const { modality, count, guidance, adapter, notice } = options;
  const only = modality === undefined ? undefined : modalityNamed(modality, spec.model);
  const codecs = openCodecs(spec.model, folder, reach);
  const showing: Showing = { parts: spec.model, codebooks: codecs.codebooks, decoders: decodersOf(codecs) };
  const prompt = await promptOf(options, spec.model, codecs, host);
  const model = { spec, counts: idsInSpans(showing) };
  const prompts = Array.from({ length: count }, () => prompt);
  const request = checkRequest(model, { settings: { ...options, only }, prompts });
  if (guidance !== 1 && !spec.objectives.some((objective) => dropOf(objective) > 0))
    notice("note: no objective has a `drop`, so guidance relies on training documents that start with a picture");
  const sampler = await openSampler(await host.openDevice(adapter), model, weights.tensors, [request]);
  const documents = await sampler.sample(request);
  sampler.destroy();
  return { documents, showing };
}
