// `source: webdataset("shards/{00000..00099}.tar", text: txt, image: [jpg, png])`: tar files in which the files of a
// document are neighbours that share their name up to the first dot of its last step. What follows the dot is a column:
// `a/007.jpg` and `a/007.seg.png` are the columns `jpg` and `seg.png` of the sample `a/007`.
import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { BadFile } from "../../diagnostics/bad-file.js";
import { InputError } from "../../diagnostics/input-error.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import { resultsOf, streamOf } from "../web-streams.js";
import { contentsOf, type SourceFile } from "./opened-files.js";
import { columnsOf, fieldAt, fieldNames, type Row } from "./rows.js";
import { rowsSource } from "./rows-source.js";
import type { WebdatasetFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";

const KIND = "webdataset";
/** Most bytes of a file in a tar file. */
const MOST_MEMBER = 256 * 2 ** 20;

export const openWebdataset = (opening: Opening, fields: WebdatasetFields): Source =>
  rowsSource(opening, fields, async function* (file, look, reading) {
    for await (const sample of samplesOf(file, look, columnsOf(reading))) yield rowOf(sample, file);
  });

interface Sample {
  readonly key: string;
  /** By column. */
  readonly members: ReadonlyMap<string, Uint8Array>;
  /** All its columns. */
  readonly names: ReadonlySet<string>;
}

/** Samples in the order of the file. Only the members of the wanted columns are kept. */
async function* samplesOf(
  file: SourceFile,
  look: (piece: Uint8Array) => void,
  columns: readonly string[],
): AsyncGenerator<Sample, void, undefined> {
  const wanted = new Set(columns.flatMap((column) => [column, column.split(".")[0] as string]));
  let key: string | undefined;
  let members = new Map<string, Uint8Array>();
  let names = new Set<string>();
  let any = false;
  for await (const { header, body } of entriesOf(file, look)) {
    const named = header.type === "file" ? splitName(header.name) : undefined;
    if (named === undefined) {
      await skip(body);
      continue;
    }
    if (key !== undefined && named.key !== key) {
      yield { key, members, names };
      [members, names] = [new Map(), new Set()];
    }
    key = named.key;
    names.add(named.column);
    any = true;
    if (!wanted.has(named.column)) {
      await skip(body);
      continue;
    }
    const place = `${file.name}: ${header.name}`;
    if (members.has(named.column))
      throw new InputError(
        "bad-document",
        `${place}: the sample has two files of this name`,
        "Give each sample a name of its own.",
      );
    if (header.size > MOST_MEMBER)
      throw new InputError(
        "bad-document",
        `${place}: the file has ${header.size} bytes; the limit is ${MOST_MEMBER}`,
        "Split it, or leave it out.",
      );
    members.set(named.column, await bytesOf(body, header.size, place));
  }
  if (key !== undefined) yield { key, members, names };
  if (!any)
    throw new InputError("no-documents", `${file.name}: the tar file has no files`, "Fix the path or the file.");
}

/** Undefined for names that belong to no sample, such as those of hidden files. */
function splitName(path: string): { readonly key: string; readonly column: string } | undefined {
  const name = path.replace(/^\.\//, "");
  const step = name.lastIndexOf("/") + 1;
  const dot = name.indexOf(".", step);
  if (dot <= step || name.startsWith("__MACOSX/")) return undefined;
  return { key: name.slice(0, dot), column: name.slice(dot + 1).toLowerCase() };
}

const entriesOf = (file: SourceFile, look: (piece: Uint8Array) => void): AsyncIterable<ParsedTarEntry> =>
  resultsOf(streamOf(contentsOf(file, KIND, look)).pipeThrough(createTarDecoder({ strict: true })), (error) =>
    tarError(error, file.name),
  );

async function bytesOf(body: ReadableStream<Uint8Array>, size: number, place: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const piece of resultsOf(body, (error) => tarError(error, place))) {
    bytes.set(piece, at);
    at += piece.length;
  }
  if (at < size) throw tarError(new Error("the file ends too early"), place);
  return bytes;
}

/** Reads a member that is not wanted. Cancelling it instead can leave the decoder waiting forever. */
async function skip(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  while (!(await reader.read()).done);
}

const tarError = (error: unknown, place: string): unknown =>
  error instanceof InputError
    ? error
    : new InputError(
        "file-unreadable",
        `${place}: the tar file is damaged or truncated (${error instanceof Error ? error.message : error})`,
        "Copy or download the file again.",
      );

/** A column is a member, or a key of a member that is a JSON object: `json.caption`. */
function rowOf({ key, members, names }: Sample, { name, folder }: SourceFile): Row {
  const place = `${name}: ${key}`;
  const parsed = new Map<string, unknown>();
  const jsonOf = (member: string) => {
    if (!parsed.has(member)) parsed.set(member, jsonMember(members.get(member), `${place}.${member}`));
    return parsed.get(member);
  };
  return {
    place,
    name: key,
    folder,
    column: (column) => {
      const found = members.get(column);
      if (found !== undefined) return found;
      const dot = column.indexOf(".");
      const value = dot === -1 ? undefined : jsonOf(column.slice(0, dot));
      return isRecord(value) ? fieldAt(value, column.slice(dot + 1)) : undefined;
    },
    names: () =>
      [...names].flatMap((name) => {
        const value = parsed.get(name);
        return [name, ...(isRecord(value) ? fieldNames(value).map((field) => `${name}.${field}`) : [])];
      }),
    remedyFor(column) {
      const dotted = [...names].find((name) => name.endsWith(`.${column}`));
      if (dotted === undefined) return undefined;
      const file = `${key.slice(key.lastIndexOf("/") + 1)}.${dotted}`;
      const renamed = `${file.slice(0, -column.length - 1).replaceAll(".", "_")}.${column}`;
      return `The name of a sample ends at its first dot. Map "${dotted}", or rename ${file}, for example to ${renamed}.`;
    },
  };
}

function jsonMember(bytes: Uint8Array | undefined, place: string): unknown {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    throw new BadFile("bad-document", `${place}: the file is not JSON`, "Fix it, or map another column.");
  }
}
