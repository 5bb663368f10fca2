// What a sampled document begins with, from the command line: a picture, a text, or both.
import { readFileSync } from "node:fs";
import { decodePicture } from "../data/picture-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { suggestion } from "../diagnostics/nearest.js";
import { patchesOf } from "../modalities/pixels.js";
import { bytesOf, firstId, type ModelParts, ordinaryIds } from "../modalities/text.js";
import type { SampledSegment } from "../sample/document.js";

export interface PromptOptions {
  readonly prompt?: string;
  readonly image?: string;
}

/** The picture stands before the text. */
export async function promptOf({ prompt, image }: PromptOptions, parts: ModelParts): Promise<SampledSegment[]> {
  const segments: SampledSegment[] = [];
  if (image !== undefined) segments.push(await pictureSegment(image, parts));
  if (prompt !== undefined && prompt !== "") segments.push(textSegment(prompt, parts));
  return segments;
}

async function pictureSegment(path: string, { modalities }: ModelParts): Promise<SampledSegment> {
  const index = modalities.findIndex(({ kind }) => kind === "patches");
  const declared = modalities[index];
  if (declared?.kind !== "patches") {
    throw new InputError("--image: the model has no modality of pictures.", "Leave it out.");
  }
  const pixels = await decodePicture(readPicture(path), declared, path);
  return { kind: "picture", modality: index, patches: patchesOf(pixels, declared) };
}

function readPicture(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError(`${path} can't be read: ${why}.`, "Name a picture's file with --image.");
  }
}

/** A text of the markers' owner: as its bytes, or as ids. */
function textSegment(prompt: string, parts: ModelParts): SampledSegment {
  const { owner } = parts.vocabulary;
  const declared = parts.modalities[owner];
  const own =
    declared?.kind === "bytes" ? [...bytesOf(prompt)] : idsIn(prompt, declared?.name ?? "", ordinaryIds(owner, parts));
  const first = firstId(owner, parts.vocabulary);
  return { kind: "tokens", modality: owner, ids: own.map((id) => first + id) };
}

function idsIn(prompt: string, name: string, limit: number): number[] {
  const ids = prompt
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(Number);
  const wrong = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= limit);
  if (wrong === undefined) return ids;
  throw new InputError(
    `--prompt: ${name} has no tokenizer, and "${prompt}" is not a list of its ids, which are 0 to ${limit - 1}.`,
    'Give ids, as in --prompt "17 4 25".',
  );
}

/** The index of a modality that is asked for by its name. */
export function modalityNamed(name: string, { modalities }: ModelParts): number {
  const index = modalities.findIndex((modality) => modality.name === name);
  if (index >= 0) return index;
  const help = suggestion(
    name,
    modalities.map((modality) => modality.name),
  );
  throw new InputError(`--modality: the model has no modality ${name}.`, help ?? "Look at the spec.");
}
