// `source: folder("pictures/")`: a folder of pictures or recordings.
// With metadata (`metadata.jsonl`, `.csv` or `.parquet`), each row is a document, and its column `file_name` names a file.
// Without, files that share their name up to the ending are a document, as in `cat.jpg` and `cat.txt`. Endings are its
// columns; `label` is the name of the subfolder.
import { InputError } from "../../diagnostics/input-error.js";
import type { ModelParts } from "../../modalities/text.js";
import type { Codecs } from "../codecs.js";
import { fileInFolder } from "../file-in-folder.js";
import { holdersOf } from "../holders.js";
import { MOST_LINE_BYTES } from "../json-lines.js";
import { filesInFolder } from "../patterns.js";
import { isFolder, reachOf, withFolder } from "../reach.js";
import { readInput } from "../read-input.js";
import { contentHashes } from "./content-hashes.js";
import { jsonObjects, rowOfObject } from "./json-rows.js";
import { mappedColumns } from "./mapped-columns.js";
import { contentsOf, dataName, fileHashes, type SourceFile } from "./opened-files.js";
import { parquetRows } from "./parquet.js";
import { documentOfRow, type Row, type RowReading, rowReading } from "./rows.js";
import type { FolderFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";
import { tableRows } from "./table.js";

const METADATA = ["metadata.jsonl", "metadata.csv", "metadata.parquet"];
const PICTURES = ["png", "jpg", "jpeg", "webp", "avif", "gif", "tif", "tiff", "svg"];
const RECORDINGS = ["wav", "flac"];
/** Files whose contents are texts. */
const TEXTS = ["txt", "caption"];

export function openFolder(opening: Opening, fields: FolderFields): Source {
  const { host, parts, codecs, folder, reach = reachOf(host.disk, host.disk.paths.join(folder, "_")) } = opening;
  const { disk } = host;
  const { join, resolve } = disk.paths;
  const top = resolve(folder, fields.path);
  const within = withFolder(reach, top);
  if (!isFolder(disk, top))
    throw new InputError(
      "file-unreadable",
      `${fields.path}: there is no such folder`,
      "Fix the path, or put the folder there.",
    );
  const usual = METADATA.map((name) => join(top, name)).find(disk.exists);
  const metadata = fields.metadata === undefined ? usual : resolve(folder, fields.metadata);
  const mapped = Object.keys(fields.columns).length > 0;
  const columns = mapped ? fields.columns : usualColumns(parts, codecs, metadata !== undefined);
  const reading = rowReading(columns, fields.either_order, { parts, codecs, reach: within });
  return {
    name: dataName([fields.path.replace(/\/+$/, "")], disk.paths),
    async *documents() {
      const hashes = fileHashes(disk);
      const seen = mappedColumns(fields.path, fields.columns);
      if (metadata === undefined) {
        const groups = groupsIn(filesInFolder(top, fields.path, reach));
        hashes.add(JSON.stringify(groups.map(({ name, files }) => [name, [...files.keys()]])));
        for (const group of groups) {
          const row = rowOfGroup(group, top, reading);
          seen.look(row);
          if (isUsed(group, reading)) yield documentOfRow(row, reading);
        }
      } else {
        const name = fields.metadata ?? disk.paths.basename(metadata);
        const file = { name, path: metadata, folder: disk.paths.dirname(metadata), reach: within, inner: within };
        const hash = hashes.next();
        let any = false;
        for await (const row of metadataRows(file, hash.add, reading)) {
          any = true;
          seen.look(row);
          yield documentOfRow(row, reading);
        }
        hash.end();
        if (!any)
          throw new InputError(
            "no-documents",
            `${name}: the file has no rows`,
            'Write one row per file, with its "file_name".',
          );
      }
      seen.refuse();
      return hashes.digest();
    },
    hashesOf: contentHashes(disk, parts),
  };
}

/** The columns of each kind of content if the spec maps none. */
function usualColumns(parts: ModelParts, codecs: Codecs, metadata: boolean): Record<string, readonly string[]> {
  const columns = {
    text: metadata ? ["text", "caption", "label"] : [...TEXTS, "label"],
    image: metadata ? ["file_name"] : PICTURES,
    audio: metadata ? ["file_name"] : RECORDINGS,
  };
  const used = new Set<number>();
  return Object.fromEntries(
    (["text", "image", "audio"] as const)
      .flatMap((content) => {
        const [index] = holdersOf(content, parts, codecs).filter((one) => !used.has(one));
        if (index === undefined || (content === "audio" && metadata && used.size > 1)) return [];
        used.add(index);
        return [{ index, from: columns[content] }];
      })
      .sort((a, b) => a.index - b.index)
      .map(({ index, from }) => [parts.modalities[index]?.name ?? "", from]),
  );
}

async function* metadataRows(
  file: SourceFile,
  look: (piece: Uint8Array) => void,
  reading: RowReading,
): AsyncGenerator<Row, void, undefined> {
  if (/\.parquet$/i.test(file.name)) yield* parquetRows(file, look, reading);
  else if (/\.(csv|tsv|tab)$/i.test(file.name))
    yield* tableRows(file, /\.csv$/i.test(file.name) ? "," : "\t", look, reading);
  else {
    const example = '{"file_name": "cat.jpg", "text": "a cat"}';
    for await (const one of jsonObjects(contentsOf(file, "files", look), file.name, example))
      yield rowOfObject(one, file.folder);
  }
}

interface Group {
  /** The path without its ending, below the folder. */
  readonly name: string;
  /** Paths by ending, in lower case. */
  readonly files: ReadonlyMap<string, string>;
}

/** Files that share their path up to the first dot of their name, in the order of these paths. */
function groupsIn(files: readonly string[]): Group[] {
  const groups = new Map<string, Map<string, string>>();
  for (const path of files) {
    const dot = path.indexOf(".", path.lastIndexOf("/") + 1);
    if (dot === -1) continue;
    const name = path.slice(0, dot);
    const group = groups.get(name) ?? new Map<string, string>();
    group.set(path.slice(dot + 1).toLowerCase(), path);
    groups.set(name, group);
  }
  return Array.from(groups, ([name, found]) => ({ name, files: found }));
}

/** Whether a document has a file that is mapped; others lie beside the data. */
const isUsed = ({ files }: Group, { mapping }: RowReading): boolean =>
  mapping.some(({ columns }) => columns.some((column) => files.has(column)));

function rowOfGroup({ name, files }: Group, top: string, { reach }: RowReading): Row {
  const [shown = name] = files.values();
  const label = name.split("/").at(-2);
  return {
    place: shown,
    name: shown,
    folder: top,
    names: () => [...files.keys(), ...(label === undefined ? [] : ["label"])],
    column: (column) => {
      const path = files.get(column);
      if (path === undefined) return column === "label" ? label : undefined;
      if (!TEXTS.includes(column)) return path;
      const file = fileInFolder(path, { place: shown, folder: top, what: "text", reach });
      const bytes = readInput(reach.disk, file, path);
      if (bytes.length <= MOST_LINE_BYTES) return new TextDecoder("utf-8", { ignoreBOM: false }).decode(bytes).trim();
      throw new InputError("bad-document", `${path}: the text has ${bytes.length} bytes`, "Use shorter texts.");
    },
  };
}
