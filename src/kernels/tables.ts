// Row tables, which the host makes for every batch. With them, kernels gather rows by group without masks.
import type { Rows } from "../ir/op.js";
import { type Program, rowsOf, tensorOf } from "../ir/program.js";

/** Rows in a tile of a table. A tile never mixes groups. */
export const ROW_TILE = 64;
/** The bit of a mark that is set if a document starts. */
export const BEGINS = 0x80000000;
/** A slot without a row, and the group of rows that belong to no group. */
export const NO_ROW = 0xffffffff;

/**
 * rows: rows sorted by group, each group padded to tiles, then the rows of no group:
 *   [tiles] the tile's group, [tiles × ROW_TILE] row or NO_ROW, [groups + 1] the first tile of each group.
 *   With `pairs`, every group has an even number of tiles.
 * targets: the same; the only group is the rows with a target ≥ 0.
 * occurrences: [V + 1] the offset of each token's rows, [R] rows sorted by token, then by position.
 * marks: [R] the modality of each row, plus BEGINS if a document starts there; for kernels that mix positions.
 * span: [items, 2] first row and number of rows of each item.
 * `source` is the name of the batch tensor from which a table is made: the modalities for `rows`.
 */
export type Table =
  | {
      readonly kind: "rows";
      readonly source: string;
      readonly of: readonly number[];
      readonly groups: number;
      readonly rows: number;
      readonly pairs: boolean;
    }
  | { readonly kind: "targets"; readonly source: string; readonly rows: number; readonly pairs: boolean }
  | { readonly kind: "marks"; readonly source: string; readonly reset: string; readonly rows: number }
  | { readonly kind: "occurrences"; readonly source: string; readonly rows: number; readonly vocabulary: number }
  | { readonly kind: "span"; readonly source: string; readonly rows: number; readonly items: number };

export function rowsTable(program: Program, rows: Rows, pairs: boolean): Table & { kind: "rows" } {
  if (rows.over === "items") throw new Error("items have no row table");
  const source = tensorOf(program, program.modality).name;
  return { kind: "rows", source, of: rows.of, groups: rows.groups, rows: rowsOf(program), pairs };
}

/** Tiles of a table: enough for any distribution of the rows over the groups. */
export function tilesOf(table: Table & { kind: "rows" | "targets" }): number {
  const groups = table.kind === "targets" ? 2 : table.groups + (table.of.includes(-1) ? 1 : 0);
  return table.pairs ? 2 * (Math.ceil(table.rows / ROW_TILE / 2) + groups) : Math.ceil(table.rows / ROW_TILE) + groups;
}

/** The size of a table in u32 numbers. */
export function tableSize(table: Table): number {
  if (table.kind === "rows") return tilesOf(table) * (1 + ROW_TILE) + table.groups + 1;
  if (table.kind === "targets") return tilesOf(table) * (1 + ROW_TILE) + 2;
  if (table.kind === "occurrences") return table.vocabulary + 1 + table.rows;
  if (table.kind === "marks") return table.rows;
  return 2 * table.items;
}

/** The name of a table among a plan's fields. */
export function tableName(table: Table): string {
  // In a phase with its own size, the name of the source includes the phase.
  const pairs = "pairs" in table && table.pairs ? " in pairs" : "";
  if (table.kind === "rows") return `rows(${table.source}: ${table.of.join(" ")})${pairs}`;
  return `${table.kind}(${table.source})${pairs}`;
}

/** Rows by group in tiles. `groupOf[row]` is `groups` for a row of no group. */
function tiles(
  table: Table & { kind: "rows" | "targets" },
  groups: number,
  groupOf: Uint8Array | Uint32Array,
): Uint32Array<ArrayBuffer> {
  const total = tilesOf(table);
  const out = new Uint32Array(tableSize(table)).fill(NO_ROW);
  const counts = new Uint32Array(groups + 1);
  for (let r = 0; r < groupOf.length; r++) {
    const g = groupOf[r] as number;
    counts[g] = (counts[g] as number) + 1;
  }
  const next = new Uint32Array(groups + 1);
  let tile = 0;
  for (let g = 0; g <= groups; g++) {
    next[g] = total + tile * ROW_TILE;
    out[total * (1 + ROW_TILE) + g] = tile;
    const step = table.pairs ? 2 : 1;
    const used = step * Math.ceil((counts[g] as number) / ROW_TILE / step);
    if (g < groups) out.fill(g, tile, tile + used);
    tile += used;
  }
  for (let r = 0; r < groupOf.length; r++) {
    const g = groupOf[r] as number;
    out[next[g] as number] = r;
    next[g] = (next[g] as number) + 1;
  }
  return out;
}

/** The group of each row, from its modality. */
function groupsOf({ of, groups, rows }: Table & { kind: "rows" }, modality: ArrayLike<number>): Uint32Array {
  const owner = Uint32Array.from(of, (group) => (group < 0 ? groups : group));
  const out = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) out[r] = owner[modality[r] as number] as number;
  return out;
}

function occurrences(table: Table & { kind: "occurrences" }, tokens: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const { vocabulary, rows } = table;
  const out = new Uint32Array(tableSize(table));
  for (let r = 0; r < rows; r++) {
    const token = tokens[r] as number;
    if (token >= 0) out[token + 1] = (out[token + 1] as number) + 1;
  }
  for (let v = 0; v < vocabulary; v++) out[v + 1] = (out[v + 1] as number) + (out[v] as number);
  const next = out.slice(0, vocabulary);
  for (let r = 0; r < rows; r++) {
    const token = tokens[r] as number;
    if (token < 0) continue;
    out[vocabulary + 1 + (next[token] as number)] = r;
    next[token] = (next[token] as number) + 1;
  }
  return out;
}

function spans(table: Table & { kind: "span" }, item: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(2 * table.items);
  for (let r = table.rows - 1; r >= 0; r--) {
    const p = item[r] as number;
    if (p < 0) continue;
    out[2 * p] = r;
    out[2 * p + 1] = (out[2 * p + 1] as number) + 1;
  }
  return out;
}

/** Fills a table from the tensors of a batch. */
export function fillTable(table: Table, batch: (name: string) => ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const source = batch(table.source);
  switch (table.kind) {
    case "rows":
      return tiles(table, table.groups, groupsOf(table, source));
    case "targets": {
      const none = new Uint8Array(table.rows);
      for (let r = 0; r < none.length; r++) none[r] = (source[r] as number) < 0 ? 1 : 0;
      return tiles(table, 1, none);
    }
    case "marks":
      return marks(table, source, batch(table.reset));
    case "occurrences":
      return occurrences(table, source);
    case "span":
      return spans(table, source);
  }
}

function marks(
  { rows }: Table & { kind: "marks" },
  modality: ArrayLike<number>,
  reset: ArrayLike<number>,
): Uint32Array<ArrayBuffer> {
  const out = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) out[r] = (modality[r] as number) | (reset[r] === 1 ? BEGINS : 0);
  return out;
}
