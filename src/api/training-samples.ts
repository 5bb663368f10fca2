// The samples that a run shows while it trains and at its end: segments of documents, beside the true ones.
import type { DataSet } from "../data/data-set.js";
import type { CheckedSpec } from "../front/spec.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { Decode } from "../modalities/text.js";
import { type Deflate, pngOf } from "../report/png.js";
import type { SampleGroup, TextSample } from "../report/samples.js";
import type { SampleSettings } from "../sample/document.js";
import { type Compared, chosen, hasPictures, type Show, type Shown, showSamples } from "../sample/shown.js";
import type { Tensors } from "../train/model.js";

/** Documents per split. Pictures are small and side by side; a text takes a line. */
const PICTURES = 8;
const TEXTS = 4;
/** The most tokens or units to show. */
const TOKENS = 48;
/** The most characters of a text to show. */
const CHARACTERS = 300;

interface SamplesRequest {
  readonly deflate: Deflate;
  readonly spec: CheckedSpec;
  readonly dataSet: DataSet;
  readonly device: OpenDevice;
  /** By the index of the modality, for modalities with a tokenizer. */
  readonly decoders?: ReadonlyMap<number, Decode> | undefined;
}

const SPLITS = [
  ["train", "training"],
  ["validation", "held-out"],
] as const;

/** Groups of samples for each modality with an objective. The first modality with pictures comes first. */
export async function trainingSamples(request: SamplesRequest, weights: Tensors): Promise<SampleGroup[]> {
  const { spec, dataSet, device, deflate, decoders = new Map() } = request;
  const { seed } = spec.train;
  const settings: SampleSettings = {
    seed,
    tokens: TOKENS,
    temperature: 0.7,
    steps: 50,
    guidance: 1,
  };
  // Latents are not pixels, so they are not shown.
  const modalities = spec.model.modalities.flatMap((declared, modality) =>
    spec.objectives[modality] && itemOf(declared)?.type !== "F32"
      ? [{ name: declared.name, modality, pictures: hasPictures(spec, dataSet.codebooks, modality) }]
      : [],
  );
  modalities.sort((a, b) => Number(b.pictures) - Number(a.pictures));
  const wanted = modalities.flatMap(({ name, modality, pictures }) =>
    SPLITS.map(([split, words]) => {
      const documents = chosen(dataSet[split], pictures ? PICTURES : TEXTS, seed);
      const show: Show = { modality, documents, settings: pictures ? { ...settings, temperature: 1 } : settings };
      return { label: `${name}, ${words}`, pictures, show };
    }),
  );
  const shows = wanted.map(({ show }) => show);
  const made = await showSamples(device, weights, { spec, dataSet, decoders, shows });
  return wanted.flatMap(({ label, pictures }, i): SampleGroup[] => {
    const compared = made[i] ?? [];
    if (compared.length === 0) return [];
    return [
      pictures
        ? { label, samples: compared.map((one) => pictureSample(one, deflate)) }
        : { label, samples: [], texts: compared.map((one) => textSample(one, deflate)) },
    ];
  });
}

const png = ({ picture }: Shown, deflate: Deflate): Uint8Array => {
  if (picture === undefined) throw new Error("the segment is not a picture");
  return pngOf(picture, deflate);
};

const pictureSample = ({ label, truth, sampled }: Compared, deflate: Deflate) => ({
  name: label,
  truth: png(truth, deflate),
  sampled: [png(sampled, deflate)],
});

function textSample({ label, given, truth, sampled }: Compared, deflate: Deflate): TextSample {
  const picture = given.find((one) => one.picture !== undefined);
  const words = given.flatMap((one) => (one.picture === undefined ? [inWords(one)] : []));
  return {
    name: label,
    given: lastOf(words.join(" ")),
    ...(picture && { picture: png(picture, deflate) }),
    truth: firstOf(inWords(truth)),
    sampled: firstOf(inWords(sampled)),
  };
}

const firstOf = (text: string): string => (text.length > CHARACTERS ? `${text.slice(0, CHARACTERS)} …` : text);
const lastOf = (text: string): string => (text.length > CHARACTERS ? `… ${text.slice(-CHARACTERS)}` : text);

const inWords = ({ text, latent, ids = [] }: Shown): string =>
  text ?? (latent ? "(a latent)" : undefined) ?? `${ids.slice(0, TOKENS).join(" ")}${ids.length > TOKENS ? " …" : ""}`;
