// What sources of files with columns share: their files are read one after another, and each row becomes a document.
import { contentHashes } from "./content-hashes.js";
import { mappedColumns, pathsShown } from "./mapped-columns.js";
import { dataName, fileHashes, reachFrom, type SourceFile, sourceFiles } from "./opened-files.js";
import { documentOfRow, type Row, type RowReading, rowReading } from "./rows.js";
import type { Opening, Source } from "./source.js";

interface Columned {
  readonly paths: readonly string[];
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly either_order: boolean;
}

/** @param rowsOf yields the rows of a file, and gives its bytes to `look` */
export function rowsSource(
  opening: Opening,
  { paths, columns, either_order: eitherOrder }: Columned,
  rowsOf: (file: SourceFile, look: (piece: Uint8Array) => void, reading: RowReading) => AsyncIterable<Row>,
): Source {
  const { host, parts, codecs } = opening;
  const { disk } = host;
  const files = sourceFiles(paths, opening, columns);
  return {
    name: dataName(paths, disk.paths),
    async *documents() {
      const hashes = fileHashes(disk);
      const mapped = mappedColumns(pathsShown(paths), columns);
      for (const file of files) {
        const hash = hashes.next();
        const reading = rowReading(columns, eitherOrder, { parts, codecs, reach: reachFrom(file) });
        for await (const row of rowsOf(file, hash.add, reading)) {
          mapped.look(row);
          yield documentOfRow(row, reading);
        }
        hash.end();
      }
      mapped.refuse();
      return hashes.digest();
    },
    hashesOf: contentHashes(disk, parts),
  };
}
