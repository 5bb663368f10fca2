// Each column that a source maps must be in one of its documents at least: a misspelt name is an error, not a modality
// without data.
import { InputError } from "../../diagnostics/input-error.js";
import { nearest, listed as ticked } from "../../diagnostics/nearest.js";
import { namesShown, type Row } from "./rows.js";

/** The most names that are kept for the error. */
const MOST_NAMES = 200;

/**
 * Watches the rows of a source for its mapped columns.
 * @param source its name in errors
 * @param columns those of each mapped modality, by its name; one of them is enough
 */
export function mappedColumns(source: string, columns: Readonly<Record<string, readonly string[]>>) {
  const unseen = new Map(Object.entries(columns));
  const found = new Set<string>();
  let rows = 0;
  let last: Row | undefined;
  return {
    look(row: Row): void {
      rows++;
      if (unseen.size === 0) return;
      for (const [modality, names] of unseen)
        if (names.some((name) => row.column(name) !== undefined)) unseen.delete(modality);
      last = row;
      if (unseen.size > 0 && found.size < MOST_NAMES) for (const name of row.names()) found.add(name);
    },
    /** Called after the last row. @throws InputError if no row has a column of a modality */
    refuse(): void {
      const [missing] = unseen;
      if (missing === undefined || rows === 0) return;
      const [modality, names] = missing;
      // What a path goes through is not what it should lead to.
      const near = names.flatMap((name) =>
        nearest(
          name,
          [...found].filter((one) => !name.startsWith(`${one}.`)),
        ),
      );
      const remedy =
        names.map((name) => last?.remedyFor?.(name)).find((one) => one !== undefined) ??
        (near.length > 0
          ? `Did you mean ${ticked([...new Set(near)].slice(0, 3), "or")}?`
          : `Map ${modality} to a column that the documents have.`);
      throw new InputError(
        "bad-document",
        `${source}: no document has the column ${names.map((name) => `"${name}"`).join(" or ")}, to which ${modality} is mapped; ` +
          `the columns are ${namesShown([...found])}`,
        remedy,
      );
    },
  };
}

/** A source's paths in errors. */
export const pathsShown = ([first = "", ...more]: readonly string[]): string =>
  more.length === 0 ? first : `${first} and ${more.length} more`;
