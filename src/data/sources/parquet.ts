// `source: parquet("data/*.parquet", text: caption, image: image)`: Parquet files, read row group by row group.
// Pictures and recordings are bytes, or structs of bytes and a path as Hugging Face writes them.
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { InputError } from "../../diagnostics/input-error.js";
import type { OpenFile } from "../disk.js";
import { unreadable } from "../open-file.js";
import { openedFile, refuseLayout, type SourceFile, withoutFolder } from "./opened-files.js";
import { columnsOf, fieldAt, fieldNames, type Row, type RowReading } from "./rows.js";
import { rowsSource } from "./rows-source.js";
import type { ParquetFields } from "./source.fields.js";
import type { Opening, Source } from "./source.js";
import { checkColumns } from "./table.js";

const KIND = "parquet";
/** Most bytes of the columns of a row group, which are read at once. */
const MOST_GROUP = 2 ** 30;
const PIECE = 2 ** 20;

export const openParquet = (opening: Opening, fields: ParquetFields): Source =>
  rowsSource(opening, fields, parquetRows);

/** The rows of a Parquet file. @param look sees the file's bytes */
export async function* parquetRows(
  file: SourceFile,
  look: (piece: Uint8Array) => void,
  reading: RowReading,
): AsyncGenerator<Row, void, undefined> {
  const opened = openedFile(file);
  try {
    // Pages are read in any order, so the file is hashed by itself.
    for (let at = 0, end = opened.size(); at < end; at += PIECE) look(opened.read(at, Math.min(at + PIECE, end)));
    const table = await openedTable(opened, file);
    const inTable = (columns: readonly string[]) => columns.map(columnOf(table));
    const mapping = reading.mapping.map((one) => ({ ...one, columns: inTable(one.columns) }));
    checkColumns(table.columns, file.name, { ...reading, mapping });
    yield* rowsOf(table, file, columnsOf(reading));
  } finally {
    opened.close();
  }
}

interface Table {
  readonly buffer: AsyncBuffer;
  readonly metadata: FileMetaData;
  readonly columns: readonly string[];
}

const columnNames = (metadata: FileMetaData) => parquetSchema(metadata).children.map(({ element: { name } }) => name);

async function openedTable(opened: OpenFile, file: SourceFile): Promise<Table> {
  const { name } = file;
  refuseLayout(opened.read(0, 1024).slice(), file, KIND);
  const buffer: AsyncBuffer = {
    byteLength: opened.size(),
    slice(begin, end = opened.size()) {
      try {
        return opened.read(begin, end).slice().buffer as ArrayBuffer;
      } catch (error) {
        throw unreadable(error);
      }
    },
  };
  const metadata = await parquetMetadataAsync(buffer).catch((error: unknown) => {
    throw parquetError(error, name);
  });
  return { buffer, metadata, columns: columnNames(metadata) };
}

const parquetError = (error: unknown, place: string) =>
  error instanceof InputError
    ? error
    : new InputError(
        "file-unreadable",
        `${place}: the Parquet file cannot be read (${error instanceof Error ? error.message : error})`,
        "Copy or download the file again, or write it with pyarrow.",
      );

/** The column of the table that a mapped column is, or is a field of: `image` of `image.bytes`. */
const columnOf =
  ({ columns }: Table) =>
  (column: string): string =>
    columns.includes(column) || !column.includes(".") ? column : column.slice(0, column.indexOf("."));

async function* rowsOf(
  table: Table,
  file: SourceFile,
  columns: readonly string[],
): AsyncGenerator<Row, void, undefined> {
  const { name, folder } = file;
  const { buffer, metadata } = table;
  const read = [...new Set(columns.map(columnOf(table)))].filter((column) => table.columns.includes(column));
  let first = 0;
  for (const group of metadata.row_groups) {
    const count = Number(group.num_rows);
    const place = `${name}: rows ${first} to ${first + count - 1}`;
    const bytes = group.columns
      .filter(({ meta_data }) => read.includes(meta_data?.path_in_schema[0] ?? ""))
      .reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
    if (bytes > MOST_GROUP)
      throw new InputError(
        "file-unreadable",
        `${place}: the row group has ${bytes} bytes in the mapped columns; the limit is ${MOST_GROUP}`,
        "Write smaller row groups (pyarrow: row_group_size=1000), so that they fit in memory.",
      );
    const options = { file: buffer, metadata, columns: read, rowStart: first, rowEnd: first + count };
    const rows = await parquetReadObjects({ ...options, compressors, utf8: false }).catch((error: unknown) => {
      throw parquetError(error, place);
    });
    for (const [index, values] of rows.entries()) {
      const own = `${name}: row ${first + index}`;
      yield {
        ...{ place: own, name: withoutFolder(own), folder },
        column: (column) => fieldAt(values, column),
        names: () => [...new Set([...table.columns, ...fieldNames(values)])],
      };
    }
    first += count;
  }
}
