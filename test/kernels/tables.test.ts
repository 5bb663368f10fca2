// Row tables match their definitions.
import { expect, test } from "vitest";
import { BEGINS, fillTable, NO_ROW, ROW_TILE, type Table, tableSize, tilesOf } from "../../src/kernels/tables.js";
import { stream } from "../../src/random/stream.js";

const ROWS = 333;
const random = stream("sample", 4);
const modality = Uint32Array.from({ length: ROWS }, () => (random.below(50) === 0 ? 2 : random.below(2)));
const tokens = Int32Array.from({ length: ROWS }, () => random.below(21) - 1);
const reset = Uint32Array.from({ length: ROWS }, () => random.below(2));
const batch = new Map<string, ArrayLike<number>>([
  ["modality", modality],
  ["tokens", tokens],
  ["reset", reset],
]);
const fill = (table: Table): number[] => [...fillTable(table, (name) => batch.get(name) as ArrayLike<number>)];
const rowsWhere = (holds: (row: number) => boolean): number[] =>
  Array.from({ length: ROWS }, (_, row) => row).filter(holds);

/** The rows in the tiles of a group, in order. */
function rowsIn(table: number[], total: number, group: number): number[] {
  return Array.from({ length: total }, (_, tile) => tile)
    .filter((tile) => table[tile] === group)
    .flatMap((tile) => table.slice(total + tile * ROW_TILE, total + (tile + 1) * ROW_TILE))
    .filter((row) => row !== NO_ROW);
}

test.each([
  { of: [0, 1, 2], pairs: false },
  { of: [0, 1, 0], pairs: true },
  { of: [-1, 0, -1], pairs: false },
  { of: [0, -1, 1], pairs: true },
])("a table of rows lists the rows of each group: %j", ({ of, pairs }) => {
  const groups = Math.max(...of) + 1;
  const table = { kind: "rows", source: "modality", of, groups, rows: ROWS, pairs } as const;
  const filled = fill(table);
  const total = tilesOf(table);
  expect(filled).toHaveLength(tableSize(table));
  for (let g = 0; g < groups; g++) {
    expect(rowsIn(filled, total, g)).toEqual(rowsWhere((r) => of[modality[r] as number] === g));
    expect(filled[total * (1 + ROW_TILE) + g]).toBe(filled.indexOf(g));
    if (pairs) expect(filled.slice(0, total).filter((group) => group === g).length % 2).toBe(0);
  }
  // Rows without a group come last, for kernels that write every row.
  const listed = filled.slice(total, total * (1 + ROW_TILE)).filter((row) => row !== NO_ROW);
  expect(listed.toSorted((a, b) => a - b)).toEqual(rowsWhere(() => true));
  const without = rowsWhere((r) => of[modality[r] as number] === -1);
  expect(listed.slice(ROWS - without.length)).toEqual(without);
});

test("a table of targets lists the rows with a target", () => {
  const table = { kind: "targets", source: "tokens", rows: ROWS, pairs: false } as const;
  expect(rowsIn(fill(table), tilesOf(table), 0)).toEqual(rowsWhere((r) => (tokens[r] as number) >= 0));
});

test("a table of occurrences lists the rows of each token", () => {
  const filled = fill({ kind: "occurrences", source: "tokens", rows: ROWS, vocabulary: 20 });
  for (let v = 0; v < 20; v++) {
    const places = filled.slice(21).slice(filled[v], filled[v + 1]);
    expect(places).toEqual(rowsWhere((r) => tokens[r] === v));
  }
});

test("a table of marks has the modality and the document start of each row", () => {
  const filled = fill({ kind: "marks", source: "modality", reset: "reset", rows: ROWS });
  expect(filled).toEqual(rowsWhere(() => true).map((r) => (modality[r] as number) + (reset[r] === 1 ? BEGINS : 0)));
});

test("a table of items has the first row and the number of rows of each item", () => {
  const item = new Int32Array(40).fill(-1).fill(0, 3, 7).fill(1, 20, 24);
  const table = { kind: "span", source: "index.image", rows: 40, items: 3 } as const;
  expect([...fillTable(table, () => item)]).toEqual([3, 4, 20, 4, 0, 0]);
});
