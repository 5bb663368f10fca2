// `source: files(path)`: a JSON Lines file, one document per line:
//   {"segments": [{"text": "a cat"}, {"image": "cat.png"}, {"tokens": [1, 2], "modality": "speech"}]}
//   {"segments": [{"codes": [5, 1, 7, 7]}, {"codes": "made-elsewhere.npy"}]}
//   {"segments": [{"latent": "cat.npy"}, {"latent": "all.safetensors", "tensor": "cat"}]}
//   {"segments": [{"text": "a cat"}, {"audio": "cat.wav"}], "either_order": true}
// Paths are relative to the file. A segment goes to the modality that it names, or else to the model's first modality that
// can hold it.

import { BadFile } from "../../diagnostics/bad-file.js";
import { InputError, placed } from "../../diagnostics/input-error.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import { CONTENTS, fileFieldOf, holdersNamed } from "../../modalities/modality.fields.js";
import { type Content, WRITTEN } from "../../modalities/row.fields.js";
import { type ModelParts, ordinaryIds } from "../../modalities/text.js";
import { AUDIO_DECODER } from "../audio/read-audio.js";
import { asBadFile } from "../bad-files.js";
import type { Codecs } from "../codecs.js";
import { longHash, splitHash } from "../content-hash.js";
import type { Disk } from "../disk.js";
import { fileInFolder } from "../file-in-folder.js";
import { holdersOf, idsOfText } from "../holders.js";
import { type Line, linesOf } from "../json-lines.js";
import { readNpy, wholeNumbers } from "../npy.js";
import { decoderOf } from "../picture-file.js";
import { type Reach, reachOf } from "../reach.js";
import { inputPieces, namedPieces, readInput } from "../read-input.js";
import type { FilesFields } from "./source.fields.js";
import type { Opening, Source, SourceDocument, SourceSegment } from "./source.js";

const EXAMPLE = '{"segments": [{"text": "a cat"}, {"image": "cat.png"}]}';

/** The context of a line. */
interface Context {
  /** `pairs.jsonl:3` */
  readonly place: string;
  readonly folder: string;
  readonly reach: Reach;
  readonly parts: ModelParts;
  readonly codecs: Codecs;
}

/** @throws InputError with the file, the line and help */
export function openFiles({ host: { disk }, folder, parts, codecs, reach }: Opening, { path }: FilesFields): Source {
  const { basename, dirname, join, resolve } = disk.paths;
  const file = resolve(folder, path);
  const projectOf = (inside: string) => reachOf(disk, join(inside, "_"));
  const latents = latentHashes(disk);
  return {
    name: basename(path).replace(/\.[^.]*$/, ""),
    *documents() {
      const hash = disk.hash();
      const context = { folder: dirname(file), reach: reach ?? projectOf(dirname(file)), parts, codecs };
      let count = 0;
      for (const line of linesOf(namedPieces(file, path, reach ?? projectOf(folder)), path, EXAMPLE)) {
        if (count++ > 0) hash.update("\n");
        hash.update(line.text);
        yield documentOf(line, { place: line.place, ...context });
      }
      if (count === 0)
        throw new InputError(
          "no-documents",
          `${path}: the file has no documents`,
          `Write one document per line: ${EXAMPLE}`,
        );
      return hash.digest();
    },
    hashesOf: ({ place, segments, bad = [] }) => [
      ...segments.flatMap((segment) => {
        // Codes of a codebook may come from their own files.
        if ("ids" in segment) return ofCodebook(segment.modality, parts) ? [idsHash(disk, segment.ids)] : [];
        try {
          if ("image" in segment) return [imageHash(disk, segment.image, place)];
          if ("latent" in segment) return [latents(segment, place)];
          return [`${AUDIO_DECODER} ${fileHash(disk, segment.audio, place)}`];
        } catch (error) {
          // Decoding it fails too, and reports the error.
          if (asBadFile(error) instanceof BadFile) return ["unreadable"];
          throw error;
        }
      }),
      ...bad.map(() => "unreadable"),
    ],
  };
}

function ofCodebook(modality: number, { modalities }: ModelParts): boolean {
  const declared = modalities[modality];
  return declared !== undefined && fileFieldOf(declared) === "codebook";
}

function imageHash(disk: Disk, path: string, place: string): string {
  let begun: Uint8Array | undefined;
  const hash = fileHash(disk, path, place, (piece) => {
    // A copy: the piece is large.
    begun ??= new Uint8Array(piece.subarray(0, HEADER_BYTES));
  });
  return decoderOf(begun ?? new Uint8Array(0)) + hash;
}

/** Bytes of an image that determine its decoder. */
const HEADER_BYTES = 64;

/** Hashes a file of any size in pieces. */
function fileHash(disk: Disk, path: string, place: string, look: (piece: Uint8Array) => void = () => {}): string {
  const hash = disk.hash();
  for (const piece of inputPieces(disk, path, place)) {
    look(piece);
    hash.update(piece);
  }
  return hash.digest();
}

const idsHash = (disk: Disk, ids: ArrayLike<number>) => longHash(disk, new Uint8Array(Int32Array.from(ids).buffer));

/** Reads a file of several latents once while consecutive documents name it. */
function latentHashes(
  disk: Disk,
): (latent: { readonly latent: string; readonly tensor?: string }, place: string) => string {
  let known: { readonly path: string; readonly hash: string } | undefined;
  return ({ latent: path, tensor }, place) => {
    if (tensor === undefined) return fileHash(disk, path, place);
    if (known?.path !== path) known = { path, hash: fileHash(disk, path, place) };
    return known.hash;
  };
}

function documentOf({ text, value }: Line, context: Context): SourceDocument {
  const { place, reach } = context;
  const { segments, either_order: eitherOrder = false, ...others } = isRecord(value) ? value : {};
  if (Array.isArray(segments) && segments.length === 0)
    throw new InputError(
      "bad-document",
      `${place}: the document has no segments`,
      `Add segments, or remove the line. Example: ${EXAMPLE}`,
    );
  if (!Array.isArray(segments) || Object.keys(others).length > 0)
    throw new InputError(
      "bad-document",
      `${place}: the line is not an object with only a list of segments`,
      `Write it like this: ${EXAMPLE}`,
    );
  if (typeof eitherOrder !== "boolean")
    throw new InputError(
      "bad-document",
      `${place}: "either_order" is not true or false`,
      "Write true or false, or remove it.",
    );
  const bad: BadFile[] = [];
  const read = segments.flatMap((segment: unknown) => {
    try {
      return [segmentOf(segment, context)];
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      bad.push(error);
      return [];
    }
  });
  const label = labelOf(segments.filter(isRecord));
  const hash = splitHash(longHash(reach.disk, text));
  return { place, label, hash, eitherOrder, segments: read, ...(bad.length > 0 && { bad }) };
}

const LABEL = 60;

/** The label of a document: the start of its first text, else of an image's path, else of its ids. */
function labelOf(segments: readonly Record<string, unknown>[]): string {
  for (const key of ["text", "image", "audio", "tokens", "codes", "latent"] as const)
    for (const { [key]: value } of segments) {
      // A text may be long, so only the shown part is processed.
      const begun = Array.isArray(value) ? value.slice(0, LABEL).join() : String(value ?? "").trim();
      const label = Array.from(begun.slice(0, 2 * LABEL)).slice(0, LABEL);
      if (label.length > 0) return label.join("");
    }
  return "empty";
}

/** A document's value in an error, shortened. */
function shown(value: unknown): string {
  const short = Array.isArray(value) ? value.slice(0, LABEL) : value;
  const json = JSON.stringify(short) ?? "nothing";
  return json.length > LABEL ? `${json.slice(0, LABEL)}…` : json;
}

const isContent = (key: string): key is Content => CONTENTS.has(key);

function segmentOf(segment: unknown, context: Context): SourceSegment {
  const { place, codecs } = context;
  const remedy =
    'A segment is {"text": "…"}, {"image": "PATH"}, {"audio": "PATH"}, {"latent": "PATH"}, {"tokens": [1, 2]} or {"codes": [1, 2]}, and may name a "modality".';
  if (!isRecord(segment))
    throw new InputError("bad-document", `${place}: a segment is ${shown(segment)}, not an object`, remedy);
  const keys = Object.keys(segment).filter((key) => key !== "modality" && !(key === "tensor" && "latent" in segment));
  const [content] = keys;
  if (keys.length !== 1 || content === undefined || !isContent(content))
    throw new InputError(
      "bad-document",
      `${place}: a segment has an unknown kind, with ${keys.join(", ") || "no content"}`,
      remedy,
    );
  const modality = holderOf(content, segment.modality, context);
  const value = segment[content];
  const written = WRITTEN[content];
  if (written === "ids" || written === "ids or file") {
    const ids = written === "ids or file" && typeof value === "string" ? codesIn(value, context) : value;
    return { modality, ids: checkIds(content, ids, modality, context) };
  }
  if (typeof value !== "string") throw new InputError("bad-document", `${place}: "${content}" is not a string`, remedy);
  switch (content) {
    case "text":
      return { modality, ids: placed(place, () => idsOfText(value, modality, codecs)) };
    case "image":
      return { modality, image: fileInFolder(value, { ...context, what: "image" }), name: value };
    case "audio":
      return { modality, audio: fileInFolder(value, { ...context, what: "recording" }), name: value };
    case "latent": {
      const path = fileInFolder(value, { ...context, what: "latent" });
      return { ...latentOf(path, segment.tensor, modality, context), name: value };
    }
    default:
      throw new RangeError(`unknown content ${content}`);
  }
}

function latentOf(path: string, tensor: unknown, modality: number, { place }: Context): SourceSegment {
  const npy = path.endsWith(".npy");
  if (!npy && typeof tensor !== "string")
    throw new InputError(
      "bad-document",
      `${place}: a latent in a safetensors file has no "tensor"`,
      'Write {"latent": "all.safetensors", "tensor": "cat"}, or name a .npy file.',
    );
  if (npy && tensor !== undefined)
    throw new InputError("bad-document", `${place}: a .npy file has no "tensor"`, 'Remove "tensor".');
  return typeof tensor === "string" ? { modality, latent: path, tensor } : { modality, latent: path };
}

/** The index of the modality that a segment goes to. */
function holderOf(content: Content, named: unknown, { place, parts, codecs }: Context): number {
  const { kinds, example } = holdersNamed(content);
  const holders = holdersOf(content, parts, codecs);
  const names = holders.map((index) => parts.modalities[index]?.name);
  const holder = holders[named === undefined ? 0 : names.indexOf(named as string)];
  if (holder !== undefined) return holder;
  throw named === undefined
    ? new InputError(
        "bad-document",
        `${place}: "${content}" needs a modality of ${kinds}, but the model has none`,
        `Add one: ${example}`,
      )
    : new InputError(
        "bad-document",
        `${place}: the model has no modality of ${kinds} named ${shown(named)}`,
        holders.length > 0 ? `Use one of ${names.join(", ")}.` : `Add one: ${example}`,
      );
}

/** The codes in a .npy file of any shape, in C order. */
function codesIn(path: string, context: Context): number[] {
  const place = `${context.place}: ${path}`;
  const file = fileInFolder(path, { ...context, what: "file of codes" });
  try {
    const codes = wholeNumbers(readNpy(readInput(context.reach.disk, file, place), place));
    if (codes !== undefined) return codes;
    throw new BadFile(
      "bad-document",
      `${place}: the codes are not all whole numbers`,
      "Save them as integers, such as int32.",
    );
  } catch (error) {
    throw asBadFile(error);
  }
}

function checkIds(content: Content, value: unknown, modality: number, { place, parts }: Context): number[] {
  const limit = ordinaryIds(modality, parts);
  const isId = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0 && (id as number) < limit;
  if (Array.isArray(value) && value.every(isId)) return value;
  const wrong: unknown = Array.isArray(value) ? value.find((id) => !isId(id)) : value;
  throw new InputError(
    "bad-document",
    `${place}: "${content}" contains ${shown(wrong)}, but the ids of ${parts.modalities[modality]?.name} are 0 to ${limit - 1}`,
    "Use whole numbers in that range (a vocabulary's last ids may be its markers), or increase vocab.",
  );
}
