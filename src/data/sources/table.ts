// `source: table(path, text: caption, image: file)`: CSV and TSV files whose first line has the names of the columns.
import Papa from "papaparse";
import { InputError } from "../../diagnostics/input-error.js";
import { suggestion } from "../../diagnostics/nearest.js";
import { withoutCompression } from "../decompress.js";
import { MOST_LINE_BYTES } from "../json-lines.js";
import { contentsOf, type SourceFile, withoutFolder } from "./opened-files.js";
import type { Row, RowReading } from "./rows.js";
import { rowsSource } from "./rows-source.js";
import type { TableFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";

const SIGNS = { comma: ",", tab: "\t", semicolon: ";" } as const;
const KIND = "table";

export const openTable = (opening: Opening, fields: TableFields): Source =>
  rowsSource(opening, fields, (file, look, reading) => tableRows(file, delimiterOf(file.name, fields), look, reading));

/** The columns' separator, by the name's ending unless the spec gives it. */
function delimiterOf(name: string, { delimiter }: TableFields): string {
  return delimiter === undefined ? (/\.(tsv|tab)$/i.test(withoutCompression(name)) ? "\t" : ",") : SIGNS[delimiter];
}

/** The rows of a table as columns. */
export async function* tableRows(
  file: SourceFile,
  delimiter: string,
  look: (piece: Uint8Array) => void,
  reading: RowReading,
): AsyncGenerator<Row, void, undefined> {
  const { name, folder } = file;
  let names: Map<string, number> | undefined;
  for await (const { cells, line } of tableRecords(contentsOf(file, KIND, look), delimiter, name)) {
    const place = `${name}:${line}`;
    if (names === undefined) {
      names = columnNames(cells, place, reading);
      continue;
    }
    if (cells.length !== names.size)
      throw new InputError(
        "bad-document",
        `${place}: the row has ${cells.length} cells, but the first line names ${names.size} columns`,
        "Put cells that contain the separator, a quote or a line break into double quotes, and write a quote as two.",
      );
    const known = names;
    yield {
      ...{ place, name: withoutFolder(place), folder },
      column: (column) => cells[known.get(column) ?? -1],
      names: () => [...known.keys()],
    };
  }
  if (names === undefined)
    throw new InputError(
      "no-documents",
      `${name}: the file is empty`,
      "Write the names of the columns in its first line.",
    );
}

/** @throws InputError if a name is repeated, or a column is mapped that the table lacks */
export function columnNames(cells: readonly string[], place: string, reading: RowReading): Map<string, number> {
  const names = new Map<string, number>();
  for (const [index, cell] of cells.entries()) {
    const name = cell.trim();
    if (names.has(name))
      throw new InputError("bad-document", `${place}: two columns are named "${name}"`, "Rename one of them.");
    names.set(name, index);
  }
  checkColumns([...names.keys()], place, reading);
  return names;
}

/** @throws InputError if of a modality's columns none is among the names */
export function checkColumns(names: readonly string[], place: string, reading: RowReading): void {
  for (const { columns } of reading.mapping) {
    if (columns.some((column) => names.includes(column))) continue;
    const [first = ""] = columns;
    throw new InputError(
      "bad-document",
      `${place}: there is no column ${columns.map((column) => `"${column}"`).join(" or ")}`,
      suggestion(first, names.slice(0, 200)) ?? "The file has no columns.",
    );
  }
}

interface TableRecord {
  readonly cells: readonly string[];
  /** The line that it starts at. */
  readonly line: number;
}

/** Streams the records of a table; cells in quotes may have line breaks. Blank lines are left out. */
export async function* tableRecords(
  pieces: AsyncIterable<Uint8Array>,
  delimiter: string,
  name: string,
): AsyncGenerator<TableRecord, void, undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let rest = "";
  /** How rows end: as the first line does. */
  let newline: "\n" | "\r" | "\r\n" | undefined;
  const decoded = (piece?: Uint8Array) => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch {
      throw new InputError(
        "bad-document",
        `${name}: the file is not UTF-8, from line ${line} or a line below`,
        "Save it as UTF-8 (in a spreadsheet: CSV UTF-8).",
      );
    }
  };
  function* records(text: string, last: boolean): Generator<TableRecord, void, undefined> {
    newline ??= /\r\n|\n|\r/.exec(text)?.[0] as typeof newline;
    const parser = new Papa.Parser({ delimiter, newline: newline ?? "\n" });
    const { data, errors, meta } = parser.parse(text, 0, !last) as Papa.ParseResult<string[]>;
    let row = 0;
    for (const cells of data) {
      const wrong = errors.find((error) => error.row === row++);
      if (wrong !== undefined && (last || wrong.code !== "MissingQuotes"))
        throw new InputError(
          "bad-document",
          `${name}:${line}: ${wrong.code === "MissingQuotes" ? "a quote is not closed" : "text follows a closing quote"}`,
          "Put cells with quotes into double quotes, and write a quote in them as two.",
        );
      if (cells.length > 1 || (cells[0] ?? "").trim() !== "") yield { cells, line };
      line += 1 + cells.reduce((sum, cell) => sum + breaksIn(cell), 0);
    }
    rest = last ? "" : text.slice(meta.cursor);
  }
  let begun = false;
  for await (const piece of pieces) {
    rest += decoded(piece);
    begun = true;
    if (rest.length > MOST_LINE_BYTES)
      throw new InputError(
        "bad-document",
        `${name}:${line}: the row has more than ${MOST_LINE_BYTES / 2 ** 20} MiB`,
        "A quote may be missing. Put cells with quotes into double quotes.",
      );
    yield* records(rest, false);
  }
  rest += decoded();
  if (begun && rest !== "") yield* records(rest, true);
}

/** Line breaks of a text: LF, CR LF or CR. */
const breaksIn = (text: string) => (text.match(/\r\n|\n|\r/g) ?? []).length;
