// Converts segments to readable form: text, pictures (also from codes), lists of ids. For reports it samples segments of
// documents, beside the true ones.
import { type Codebook, pictureCodebook, pictureOf } from "../data/codebook.js";
import type { DataSet } from "../data/data-set.js";
import type { Segment } from "../data/document.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { isBytes, itemOf } from "../modalities/modality.fields.js";
import { firstChannels, patchesPerPicture } from "../modalities/pixels.js";
import { type Decode, firstId, type ModelParts, textOf } from "../modalities/text.js";
import { stream } from "../random/stream.js";
import type { Tensors } from "../train/model.js";
import type { SampledSegment, SampleSettings } from "./document.js";
import { openSampler, type SampleRequest } from "./sampling.js";

/** What is needed to show ids, by modality index. */
export interface Showing {
  readonly parts: ModelParts;
  readonly codebooks: ReadonlyMap<number, Codebook>;
  /** Decoders of modalities with a tokenizer. */
  readonly decoders: ReadonlyMap<number, Decode>;
}

interface ShownPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** [height, width, channels] */
  readonly pixels: Uint8Array;
}

export interface Shown {
  readonly modality: number;
  /** The modality's own ids, from 0; absent if it has none. */
  readonly ids?: readonly number[];
  readonly text?: string;
  readonly picture?: ShownPicture;
  /** A latent, which only its autoencoder can decode. */
  readonly latent?: ShownLatent;
}

export interface ShownLatent {
  /** [channels, height, width] */
  readonly shape: readonly [number, number, number];
  readonly data: Float32Array;
}

export function shown(segment: SampledSegment, { parts, codebooks, decoders }: Showing): Shown {
  const { modality } = segment;
  const declared = parts.modalities[modality];
  if (segment.kind === "item") {
    const item = itemOf(declared);
    if (item === undefined) throw new Error(`modality ${modality} has no items`);
    const { width, height, channels } = item;
    const joined = item.join(segment.values);
    return joined instanceof Float32Array
      ? { modality, latent: { shape: [channels, height, width], data: firstChannels(joined, item) } }
      : { modality, picture: { width, height, channels, pixels: joined } };
  }
  const first = firstId(modality, parts.vocabulary);
  const ids = segment.ids.map((id) => id - first);
  const codebook = pictureCodebook({ codebooks }, modality);
  if (codebook !== undefined) {
    const { width, height, channels } = codebook.facts.kind;
    return { modality, ids, picture: { width, height, channels, pixels: pictureOf(ids, codebook) } };
  }
  const isText = isBytes(declared) || decoders.has(modality);
  return isText ? { modality, ids, text: textOf(segment.ids, parts, decoders) } : { modality, ids };
}

/** The number of ids in a segment of each modality: the patches of a picture for picture codes, otherwise any number. */
export const idsInSpans = ({ parts, codebooks }: Pick<Showing, "parts" | "codebooks">): (number | undefined)[] =>
  parts.modalities.map((_, index) => {
    const codebook = pictureCodebook({ codebooks }, index);
    return codebook && patchesPerPicture(codebook.facts.kind);
  });

/** A sampled segment, its prompt, and the true segment. */
export interface Compared {
  readonly document: number;
  readonly label: string;
  readonly given: readonly Shown[];
  readonly truth: Shown;
  readonly sampled: Shown;
}

/** At most this many of the documents, drawn without repetition from the seed, in their order. */
export function chosen(documents: readonly number[], count: number, seed: number): number[] {
  const pool = [...documents];
  const draw = stream("sample", seed, 0xffffffff);
  for (let i = 0; i < Math.min(count, pool.length); i++) {
    const j = i + draw.below(pool.length - i);
    [pool[i], pool[j]] = [pool[j] as number, pool[i] as number];
  }
  return pool.slice(0, count).sort((a, b) => a - b);
}

/** The samples of one modality to show. */
export interface Show {
  readonly modality: number;
  readonly documents: readonly number[];
  readonly settings: SampleSettings;
}

interface ShowRequest {
  readonly spec: CheckedSpec;
  readonly dataSet: DataSet;
  /** Of modalities with a tokenizer, by index. */
  readonly decoders: ReadonlyMap<number, Decode>;
  readonly shows: readonly Show[];
}

/** Whether a modality's segments are viewable pictures, not latents. */
export function hasPictures(spec: CheckedSpec, codebooks: ReadonlyMap<number, Codebook>, modality: number): boolean {
  const declared = spec.model.modalities[modality];
  return itemOf(declared)?.type === "U8" || pictureCodebook({ codebooks }, modality) !== undefined;
}

/** For each show, samples a segment of each of its documents that has one. */
export async function showSamples(
  device: OpenDevice,
  weights: Tensors,
  { spec, dataSet, decoders, shows }: ShowRequest,
): Promise<Compared[][]> {
  const showing: Showing = { parts: spec.model, codebooks: dataSet.codebooks, decoders };
  const ask = async ({ modality, documents, settings }: Show) => {
    const found = await Promise.all(documents.map((document) => taskOf(spec, dataSet, document, modality)));
    const tasks = found.filter((task) => task !== undefined);
    const request: SampleRequest = {
      settings: { ...settings, only: modality },
      prompts: tasks.map(({ given }) => given),
      numbers: tasks.map(({ document }) => document),
    };
    return { tasks, request };
  };
  const asked = await Promise.all(shows.map(ask));
  const requests = asked.map(({ request }) => request).filter(({ prompts }) => prompts.length > 0);
  if (requests.length === 0) return shows.map(() => []);
  const sampler = await openSampler(device, { spec, counts: idsInSpans(showing) }, weights, requests);
  try {
    const made: Compared[][] = [];
    for (const { tasks, request } of asked) {
      const documents = tasks.length === 0 ? [] : await sampler.sample(request);
      made.push(
        tasks.map(({ document, given, truth }, i): Compared => {
          const { modality } = truth;
          const sampled = documents[i]?.segments.find((segment) => segment.modality === modality);
          return {
            document,
            label: dataSet.label(document),
            given: given.map((segment) => shown(segment, showing)),
            truth: shown(truth, showing),
            sampled: shown(sampled ?? { kind: "ids", modality, ids: [] }, showing),
          };
        }),
      );
    }
    return made;
  } finally {
    sampler.destroy();
  }
}

interface Task {
  readonly document: number;
  readonly given: SampledSegment[];
  readonly truth: SampledSegment;
}

/**
 * A document's segment of a modality, and its prompt: the segments before it, in either order that the document can have.
 * A text at the start of a document is continued from its middle.
 */
async function taskOf(
  spec: CheckedSpec,
  dataSet: DataSet,
  document: number,
  modality: number,
): Promise<Task | undefined> {
  const held = dataSet.documents[document];
  if (held === undefined) return undefined;
  const written = await Promise.all(held.segments.map((segment) => asSampled(segment, dataSet)));
  const orders = held.eitherOrder ? [written, written.toReversed()] : [written];
  const places = orders.map((segments) => ({ segments, at: segments.findIndex((s) => s.modality === modality) }));
  const { segments, at } = places.find((place) => place.at > 0) ?? (places[0] as (typeof places)[number]);
  const truth = segments[at];
  if (truth === undefined) return undefined;
  if (at > 0 || truth.kind === "item" || modality !== spec.model.vocabulary.owner) {
    return { document, given: segments.slice(0, at), truth };
  }
  const middle = Math.ceil(truth.ids.length / 2);
  if (middle === truth.ids.length) return undefined;
  const half = (from: number, to?: number): SampledSegment => ({
    kind: "ids",
    modality,
    ids: truth.ids.slice(from, to),
  });
  return { document, given: [half(0, middle)], truth: half(middle) };
}

const asSampled = async (segment: Segment, dataSet: DataSet): Promise<SampledSegment> =>
  segment.kind === "ids"
    ? { kind: "ids", modality: segment.modality, ids: [...segment.ids] }
    : { kind: "item", modality: segment.modality, values: await dataSet.itemById(segment.item).values() };
