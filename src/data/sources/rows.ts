// Turns rows of named columns into documents: a line of a table, a row of Parquet, a sample of a WebDataset.
// A column holds texts, numbers, bytes of files, paths of files, lists of these, or structs of bytes and a path, as
// Hugging Face writes them. The modality that a column is mapped to decides how a value is read.
import { BadFile } from "../../diagnostics/bad-file.js";
import { InputError, placed } from "../../diagnostics/input-error.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import type { Content } from "../../modalities/row.fields.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
import { longHash } from "../content-hash.js";
import type { FileBytes } from "../file-bytes.js";
import { fileInFolder } from "../file-in-folder.js";
import { holdersOf, idsOfText } from "../holders.js";
import type { Reach } from "../reach.js";
import { checkIds, codesOfFile } from "./ids.js";
import { labelFrom } from "./label.js";
import type { SourceDocument, SourceSegment } from "./source.js";

export interface Row {
  /** Its place in errors: `captions.csv:3`. */
  readonly place: string;
  /** Its label if it has no text. */
  readonly name: string;
  /** The folder that paths in it are relative to. */
  readonly folder: string;
  /** The value of a column; undefined or null if the row lacks it. */
  readonly column: (name: string) => unknown;
  /** The names of its columns, and of the fields in them, for errors. */
  readonly names: () => readonly string[];
  /** Why it lacks a column, if the file's layout explains it. */
  readonly remedyFor?: (column: string) => string | undefined;
}

/** The value of a key, or of a path of keys such as `meta.caption`. */
export function fieldAt(record: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(record, name)) return record[name];
  const dot = name.indexOf(".");
  const inside = dot === -1 ? undefined : record[name.slice(0, dot)];
  return isRecord(inside) ? fieldAt(inside, name.slice(dot + 1)) : undefined;
}

/** The names that `fieldAt` finds: keys, and paths of keys. */
export const fieldNames = (record: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(record).flatMap(([key, value]) => [
    key,
    ...(isRecord(value) && !ArrayBuffer.isView(value) ? fieldNames(value).map((name) => `${key}.${name}`) : []),
  ]);

/** A few names, for errors. */
export function namesShown(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(", ")} and ${names.length - shown.length} more` : shown.join(", ");
}

/** How rows become documents. */
export interface RowReading {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  readonly reach: Reach;
  readonly mapping: readonly Mapped[];
  readonly eitherOrder: boolean;
}

/** A modality and its columns, of which the first that a row has is used. */
interface Mapped {
  readonly modality: number;
  readonly columns: readonly string[];
  /** What the modality can hold. */
  readonly contents: ReadonlySet<Content>;
}

const CONTENTS: readonly Content[] = ["text", "image", "audio", "latent", "tokens", "codes"];

/** @param columns the columns of each mapped modality, by its name, in the order of a document's segments */
export function rowReading(
  columns: Readonly<Record<string, readonly string[]>>,
  eitherOrder: boolean,
  { parts, codecs, reach }: Pick<RowReading, "parts" | "codecs" | "reach">,
): RowReading {
  const mapping = Object.entries(columns).map(([name, from]): Mapped => {
    const modality = parts.modalities.findIndex((declared) => declared.name === name);
    const contents = CONTENTS.filter((content) => holdersOf(content, parts, codecs).includes(modality));
    return { modality, columns: from, contents: new Set(contents) };
  });
  return { parts, codecs, reach, mapping, eitherOrder };
}

/** Columns that a source reads. */
export const columnsOf = ({ mapping }: RowReading): string[] => [...new Set(mapping.flatMap(({ columns }) => columns))];

/**
 * The document of a row. A modality whose columns are empty has no segment.
 * @throws InputError if a value does not fit its modality
 */
export function documentOfRow(row: Row, reading: RowReading): SourceDocument {
  const { mapping, parts, eitherOrder } = reading;
  const { segments, bad, text } = segmentsOfColumns(row, reading);
  if (segments.length === 0 && bad.length === 0) {
    const names = row.names();
    const empty = mapping.map(({ columns }) => columns.join(", ")).join("; ");
    bad.push(
      new BadFile(
        "bad-document",
        `${row.place}: every mapped column is empty (${empty}); ` +
          (names.length === 0 ? "there are no columns" : `the columns are ${namesShown(names)}`),
        columnsOf(reading)
          .map((column) => row.remedyFor?.(column))
          .find((remedy) => remedy !== undefined) ??
          `Map the columns that hold data to ${parts.modalities.map(({ name }) => name).join(", ")}.`,
      ),
    );
  }
  const label = labelFrom(text ?? "") || row.name;
  return { place: row.place, label, eitherOrder, segments, ...(bad.length > 0 && { bad }) };
}

/** The segments of a row, its unreadable files, and its first text. */
export function segmentsOfColumns(
  row: Row,
  reading: RowReading,
): { readonly segments: SourceSegment[]; readonly bad: BadFile[]; readonly text: string | undefined } {
  const bad: BadFile[] = [];
  const segments: SourceSegment[] = [];
  let text: string | undefined;
  for (const mapped of reading.mapping) {
    const column = mapped.columns.find((name) => isThere(row.column(name)));
    if (column === undefined) continue;
    for (const value of several(row.column(column), mapped)) {
      try {
        const { segment, shown } = segmentOf(value, column, mapped, row, reading);
        segments.push(segment);
        text ??= shown;
      } catch (error) {
        if (!(error instanceof BadFile)) throw error;
        bad.push(error);
      }
    }
  }
  return { segments, bad, text };
}

const isThere = (value: unknown) => value !== undefined && value !== null && value !== "";

/** A list of files or texts gives several segments; a list of numbers is one. */
const several = (value: unknown, { contents }: Mapped): readonly unknown[] =>
  Array.isArray(value) && !((contents.has("tokens") || contents.has("codes")) && value.every(isNumber))
    ? value.filter(isThere)
    : [value];

const isNumber = (value: unknown) => typeof value === "number" || typeof value === "bigint";

/** What files of a kind are called in errors. */
const WHAT = { image: "image", audio: "recording", latent: "latent", codes: "file of codes" } as const;
const FILES = ["image", "audio", "latent", "codes"] as const;

function segmentOf(
  given: unknown,
  column: string,
  { modality, contents }: Mapped,
  row: Row,
  reading: RowReading,
): { readonly segment: SourceSegment; readonly shown?: string } {
  const { parts, codecs, reach } = reading;
  const { value, name } = unwrapped(given);
  const place = `${row.place}: ${column}`;
  if (contents.has("text")) {
    const text = textOf(value, place);
    if (text !== undefined) {
      const ids = placed(place, () => idsOfText(text, modality, codecs));
      return { segment: { modality, ids, content: longHash(reach.disk, text) }, shown: text };
    }
  }
  const idsSegment = (key: "tokens" | "codes", numbers: unknown): SourceSegment => {
    const ids = checkIds(key, numbers, modality, { place, parts });
    return { modality, ids, content: longHash(reach.disk, JSON.stringify(ids)) };
  };
  const listed = contents.has("tokens") ? "tokens" : contents.has("codes") ? "codes" : undefined;
  const numbers = listed === undefined ? undefined : numbersOf(value);
  if (listed !== undefined && numbers !== undefined) return { segment: idsSegment(listed, numbers) };
  const content = FILES.find(
    (one) => contents.has(one) && (one !== "image" || !isNpy(value) || !contents.has("codes")),
  );
  if (content !== undefined && (typeof value === "string" || value instanceof Uint8Array)) {
    const file: FileBytes =
      typeof value === "string"
        ? { path: fileInFolder(value, { place: row.place, folder: row.folder, what: WHAT[content], reach }) }
        : { bytes: value };
    const named = name ?? (typeof value === "string" ? value : column);
    const codes = () => idsSegment("codes", codesOfFile(file, `${row.place}: ${named}`, reach.disk));
    return { segment: fileSegment(content, modality, file, named, codes) };
  }
  const declared = parts.modalities[modality];
  throw new InputError(
    "bad-document",
    `${place} is ${kindOf(value)}, which modality ${declared?.name} cannot hold`,
    `${declared?.name} holds ${[...contents].join(", ")}: map a column of these.`,
  );
}

function fileSegment(
  content: (typeof FILES)[number],
  modality: number,
  file: FileBytes,
  name: string,
  codes: () => SourceSegment,
): SourceSegment {
  switch (content) {
    case "image":
      return { modality, image: file, name };
    case "audio":
      return { modality, audio: file, name };
    case "latent":
      return { modality, latent: file, name };
    case "codes":
      return codes();
  }
}

/** A picture's modality may also take a file of codes. */
const isNpy = (value: unknown) =>
  typeof value === "string" ? value.endsWith(".npy") : value instanceof Uint8Array && value[0] === 0x93;

/** Structs of bytes and a path, as Hugging Face writes pictures and recordings. */
function unwrapped(value: unknown): { readonly value: unknown; readonly name?: string } {
  if (!isRecord(value) || value instanceof Uint8Array) return { value };
  const { bytes, path } = value;
  const name = typeof path === "string" && path !== "" ? path : undefined;
  if (bytes instanceof Uint8Array) return { value: bytes, ...(name !== undefined && { name }) };
  return name === undefined ? { value } : { value: name, name };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function textOf(value: unknown, place: string): string | undefined {
  if (typeof value === "string") return value;
  if (isNumber(value) || typeof value === "boolean") return String(value);
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return decoder.decode(value);
  } catch {
    throw new BadFile("bad-document", `${place} is not UTF-8`, "Save the text as UTF-8.");
  }
}

/** A list of numbers, also as a text: `5 1 7` or `[5, 1, 7]`. */
function numbersOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value.map((one: unknown) => (typeof one === "bigint" ? Number(one) : one));
  if (isNumberArray(value)) return Array.from(value, Number);
  if (typeof value !== "string" || !/^\s*\[?\s*\d+([\s,]+\d+)*\s*\]?\s*$/.test(value)) return undefined;
  return (value.match(/\d+/g) ?? []).map(Number);
}

/** Parquet's lists of numbers may be typed arrays; a Uint8Array holds bytes. */
const isNumberArray = (value: unknown): value is Iterable<number | bigint> =>
  ArrayBuffer.isView(value) && !(value instanceof Uint8Array) && !(value instanceof DataView);

function kindOf(value: unknown): string {
  if (value instanceof Uint8Array) return "bytes";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a time";
  return isRecord(value) ? `a struct of ${Object.keys(value).slice(0, 8).join(", ")}` : `a ${typeof value}`;
}
