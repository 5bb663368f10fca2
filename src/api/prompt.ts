// The start of a sampled document, from the command line: a recording, a picture, a text, or several of them.
import { readAudio } from "../data/audio/read-audio.js";
import { unitsOf } from "../data/audio/units.js";
import { codesOf, pictureCodebook, speechCodebook } from "../data/codebook.js";
import type { Codecs } from "../data/codecs.js";
import { holdersOf, idsOfText } from "../data/holders.js";
import type { DataHost } from "../data/host.js";
import { readRegular } from "../data/open-file.js";
import { decodePicture } from "../data/picture-file.js";
import { readInput } from "../data/read-input.js";
import { InputError } from "../diagnostics/input-error.js";
import { suggestion } from "../diagnostics/nearest.js";
import { holdersNamed, itemOf } from "../modalities/modality.fields.js";
import { firstId, type ModelParts, ordinaryIds } from "../modalities/text.js";
import type { SampledSegment } from "../sample/document.js";

export interface PromptOptions {
  readonly prompt?: string;
  readonly image?: string;
  readonly audio?: string;
}

/** The recording precedes the picture, and the picture precedes the text. */
export async function promptOf(
  { prompt, image, audio }: PromptOptions,
  parts: ModelParts,
  codecs: Codecs,
  host: DataHost,
): Promise<SampledSegment[]> {
  const segments: SampledSegment[] = [];
  if (audio !== undefined) segments.push(soundSegment(audio, parts, codecs, host));
  if (image !== undefined) segments.push(await pictureSegment(image, parts, codecs, host));
  if (prompt !== undefined && prompt !== "") segments.push(textSegment(prompt, parts, codecs));
  return segments;
}

/** A recording as speech units. */
function soundSegment(path: string, parts: ModelParts, codecs: Codecs, { disk }: DataHost): SampledSegment {
  const [modality] = holdersOf("audio", parts, codecs);
  const codebook = modality === undefined ? undefined : speechCodebook(codecs, modality);
  if (modality === undefined || codebook === undefined)
    throw new InputError(
      "bad-option",
      `The model has no modality for --audio: it needs ${holdersNamed("audio").kinds}.`,
      "Leave the option out.",
    );
  return inVocabulary(modality, unitsOf(readAudio(readInput(disk, path), path), codebook), parts);
}

async function pictureSegment(
  path: string,
  parts: ModelParts,
  codecs: Codecs,
  host: DataHost,
): Promise<SampledSegment> {
  const [modality] = holdersOf("image", parts, codecs);
  if (modality === undefined) {
    throw new InputError(
      "bad-option",
      `The model has no modality for --image: it needs ${holdersNamed("image").kinds}.`,
      "Leave the option out.",
    );
  }
  const codebook = pictureCodebook(codecs, modality);
  if (codebook !== undefined) {
    const codes = codesOf(await decodePicture(host, readPicture(host, path), codebook.facts.kind, path), codebook);
    return inVocabulary(modality, codes, parts);
  }
  const item = itemOf(parts.modalities[modality]);
  if (item === undefined) throw new Error(`modality ${modality} has no pictures`);
  const pixels = await decodePicture(host, readPicture(host, path), item, path);
  return { kind: "item", modality, values: item.split(pixels) };
}

function readPicture({ disk }: DataHost, path: string): Uint8Array {
  try {
    return readRegular(disk, path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError("file-unreadable", `${path} cannot be read: ${why}.`, "Name a picture file with --image.");
  }
}

/** A text in the modality that owns the markers: as bytes, as tokens, or as ids if it has no tokenizer. */
function textSegment(prompt: string, parts: ModelParts, codecs: Codecs): SampledSegment {
  const { owner } = parts.vocabulary;
  const holds = holdersOf("text", parts, codecs).includes(owner);
  const name = parts.modalities[owner]?.name ?? "";
  const ids = holds ? idsOfText(prompt, owner, codecs) : idsIn(prompt, name, ordinaryIds(owner, parts));
  return inVocabulary(owner, ids, parts);
}

function inVocabulary(modality: number, own: ArrayLike<number>, parts: ModelParts): SampledSegment {
  const first = firstId(modality, parts.vocabulary);
  return { kind: "ids", modality, ids: Array.from(own, (id) => first + id) };
}

function idsIn(prompt: string, name: string, limit: number): number[] {
  const words = prompt.split(/[\s,]+/).filter((word) => word !== "");
  const ids = words.map(Number);
  if (ids.every((id) => Number.isInteger(id) && id >= 0 && id < limit)) return ids;
  throw new InputError(
    "bad-option",
    `Invalid --prompt: ${name} has no tokenizer, and "${prompt}" is not a list of ids from 0 to ${limit - 1}.`,
    'Give ids, for example --prompt "17 4 25".',
  );
}

/** The index of the modality with this name. */
export function modalityNamed(name: string, { modalities }: ModelParts): number {
  const index = modalities.findIndex((modality) => modality.name === name);
  if (index >= 0) return index;
  const names = modalities.map((modality) => modality.name);
  throw new InputError(
    "bad-option",
    `Unknown modality ${name} in --modality.`,
    suggestion(name, names) ?? `The model has ${names.join(", ")}.`,
  );
}
