// `source: files(path)`: JSON Lines files, one document per line:
//   {"segments": [{"text": "a cat"}, {"image": "cat.png"}, {"tokens": [1, 2], "modality": "speech"}]}
//   {"segments": [{"codes": [5, 1, 7, 7]}, {"codes": "made-elsewhere.npy"}]}
//   {"segments": [{"latent": "cat.npy"}, {"latent": "all.safetensors", "tensor": "cat"}]}
//   {"segments": [{"text": "a cat"}, {"audio": "cat.wav"}], "either_order": true}
// Paths are relative to the file. A segment goes to the modality that it names, or else to the model's first modality that
// can hold it. A segment with `"loss": false` is only read. With mapped columns, a line is an object of columns instead.

import { BadFile } from "../../diagnostics/bad-file.js";
import { InputError, placed } from "../../diagnostics/input-error.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import { nearest } from "../../diagnostics/nearest.js";
import { CONTENTS, holdersNamed } from "../../modalities/modality.fields.js";
import { type Content, WRITTEN } from "../../modalities/row.fields.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
import { longHash, splitHash } from "../content-hash.js";
import { fileInFolder } from "../file-in-folder.js";
import { holdersOf, idsOfText } from "../holders.js";
import { type Line, linesOfLater } from "../json-lines.js";
import type { Reach } from "../reach.js";
import { contentHashes } from "./content-hashes.js";
import { checkIds, codesOfFile, shown } from "./ids.js";
import { rowOfObject } from "./json-rows.js";
import { LABEL, labelFrom } from "./label.js";
import { mappedColumns, pathsShown } from "./mapped-columns.js";
import { contentsOf, dataName, reachFrom, sourceFiles } from "./opened-files.js";
import { documentOfRow, rowReading } from "./rows.js";
import type { FilesFields } from "./source.fields.js";
import type { Opening, Source, SourceDocument, SourceSegment } from "./source.js";

const KIND = "files";
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
export function openFiles(opening: Opening, fields: FilesFields): Source {
  const { host, parts, codecs } = opening;
  const { disk } = host;
  const { paths, columns, either_order: eitherOrder } = fields;
  const files = sourceFiles(paths, opening, columns);
  const mapped = Object.keys(columns).length > 0;
  const name =
    mapped || files.length > 1
      ? dataName(paths, disk.paths)
      : disk.paths.basename(paths[0] ?? "").replace(/\.[^.]*$/, "");
  return {
    name,
    async *documents() {
      const hash = disk.hash();
      const seen = mappedColumns(pathsShown(paths), columns);
      let count = 0;
      for (const file of files) {
        const reach = reachFrom(file);
        const reading = rowReading(columns, eitherOrder, { parts, codecs, reach });
        const context = { folder: file.folder, reach, parts, codecs };
        const before = count;
        for await (const line of linesOfLater(contentsOf(file, KIND), file.name, EXAMPLE)) {
          if (count++ > 0) hash.update("\n");
          hash.update(line.text);
          if (!mapped) {
            yield documentOf(line, { place: line.place, ...context });
            continue;
          }
          const row = rowOfObject(objectIn(line), file.folder);
          seen.look(row);
          yield documentOfRow(row, reading);
        }
        if (count === before)
          throw new InputError(
            "no-documents",
            `${file.name}: the file has no documents`,
            `Write one document per line: ${EXAMPLE}`,
          );
      }
      seen.refuse();
      return hash.digest();
    },
    hashesOf: contentHashes(disk, parts),
  };
}

function objectIn({ place, value }: Line) {
  if (isRecord(value)) return { place, value };
  throw new InputError(
    "bad-document",
    `${place}: the line is not an object`,
    'Write one object per line, with the mapped columns as its keys: {"caption": "a cat", "image": "cat.png"}',
  );
}

function documentOf({ text, value }: Line, context: Context): SourceDocument {
  const { place, reach } = context;
  const { segments, either_order: eitherOrder = false, ...extra } = isRecord(value) ? value : {};
  if (Array.isArray(segments) && segments.length === 0)
    throw new InputError(
      "bad-document",
      `${place}: the document has no segments`,
      `Add segments, or remove the line. Example: ${EXAMPLE}`,
    );
  if (!Array.isArray(segments))
    throw new InputError(
      "bad-document",
      `${place}: the line is not an object with a list of segments`,
      `Write it like this: ${EXAMPLE}. If its keys are columns, map them: files(…, text: caption, image: image).`,
    );
  refuseMisspelt(extra, place);
  if (typeof eitherOrder !== "boolean")
    throw new InputError(
      "bad-document",
      `${place}: "either_order" is not true or false`,
      "Write true or false, or remove it.",
    );
  const bad: BadFile[] = [];
  const read = segments.flatMap((segment: unknown) => {
    try {
      return [countedOrNot(segment, context)];
    } catch (error) {
      if (!(error instanceof BadFile)) throw error;
      bad.push(error);
      return [];
    }
  });
  const label = labelOf(segments.filter(isRecord));
  const hash = splitHash(longHash(reach.disk, text));
  const others = Object.keys(extra).length > 0 && { extra };
  return { place, label, hash, eitherOrder, segments: read, ...others, ...(bad.length > 0 && { bad }) };
}

/** Other keys, such as `id`, are kept for readers. @throws InputError if one was meant for a key that has a meaning */
function refuseMisspelt(extra: Readonly<Record<string, unknown>>, place: string): void {
  for (const key of Object.keys(extra)) {
    const [meant] = nearest(key, ["segments", "either_order"]);
    if (meant !== undefined)
      throw new InputError(
        "bad-document",
        `${place}: the document has the unknown key ${JSON.stringify(key)}`,
        `Did you mean "${meant}"? Otherwise use another name.`,
      );
  }
}

/** The label of a document: the start of its first text, else of an image's path, else of its ids. */
function labelOf(segments: readonly Record<string, unknown>[]): string {
  for (const key of ["text", "image", "audio", "tokens", "codes", "latent"] as const)
    for (const { [key]: value } of segments) {
      const label = labelFrom(Array.isArray(value) ? value.slice(0, LABEL).join() : String(value ?? ""));
      if (label !== "") return label;
    }
  return "empty";
}

const isContent = (key: string): key is Content => CONTENTS.has(key);

/** A segment with `"loss": false` is only read. */
function countedOrNot(segment: unknown, context: Context): SourceSegment {
  const read = segmentOf(segment, context);
  const { loss = true } = isRecord(segment) ? segment : {};
  if (typeof loss === "boolean") return loss ? read : { ...read, counted: false };
  throw new InputError(
    "bad-document",
    `${context.place}: "loss" is ${shown(loss)}, not true or false`,
    'Write "loss": false for a segment that the model only reads, or remove it.',
  );
}

function segmentOf(segment: unknown, context: Context): SourceSegment {
  const { place, codecs } = context;
  const remedy =
    'A segment is {"text": "…"}, {"image": "PATH"}, {"audio": "PATH"}, {"latent": "PATH"}, {"tokens": [1, 2]} or {"codes": [1, 2]}, and may name a "modality".';
  if (!isRecord(segment))
    throw new InputError("bad-document", `${place}: a segment is ${shown(segment)}, not an object`, remedy);
  const isContentKey = (key: string) =>
    key !== "modality" && key !== "loss" && !(key === "tensor" && "latent" in segment);
  const keys = Object.keys(segment).filter(isContentKey);
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
      return { modality, image: { path: fileInFolder(value, { ...context, what: "image" }) }, name: value };
    case "audio":
      return { modality, audio: { path: fileInFolder(value, { ...context, what: "recording" }) }, name: value };
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
  return { modality, latent: { path }, ...(typeof tensor === "string" && { tensor }) };
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

function codesIn(path: string, context: Context): number[] {
  const file = { path: fileInFolder(path, { ...context, what: "file of codes" }) };
  return codesOfFile(file, `${context.place}: ${path}`, context.reach.disk);
}
