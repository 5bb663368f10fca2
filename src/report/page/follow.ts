// Follows the records of a run that may still be written: reads only what was added, and passes over damaged lines.
import type { Disk } from "../../data/disk.js";
import { unreadable } from "../../data/open-file.js";
import { isRecord } from "../../diagnostics/json-shape.js";
import { asMetric, asTiming, type MetricRecord, type StoppedEarly, type TimingRecord } from "../../train/metrics.js";
import { pathIn, type Run } from "../../train/run-folder.js";
import { columnOf, emptyTable, type Table, type TableName } from "./view.js";

/** The records of a run so far. */
export interface Followed {
  readonly tables: RunTables;
  /** Grows when records are taken back: by a resume from a checkpoint, or because a file was replaced. */
  readonly generation: () => number;
  /** Why the run stopped early, if it has and has not continued. */
  readonly stopped: () => StoppedEarly | undefined;
  /** What is wrong with the files, as sentences. */
  readonly problems: () => readonly string[];
  /** Reads at most about so many bytes of each file. Returns whether more is there. */
  readonly read: (most: number) => boolean;
}

/** A file may name more modalities and validation sets than a page can show. */
const MOST_COLUMNS = 200;

export type RunTables = Readonly<Record<TableName, Table>>;

/** Tables that are filled with the values of lines. */
function filledTables() {
  const tables = { train: emptyTable(), validation: emptyTable(), timing: emptyTable() };
  let generation = 0;
  let stopped: StoppedEarly | undefined;
  const add = (table: Table, step: number, values: Iterable<readonly [string, number]>): boolean => {
    if (!isStep(step)) return false;
    if (cut(table, step)) generation++;
    const before = table.steps.length;
    table.steps.push(step);
    for (const [name, value] of values)
      if (table.columns.has(name) || table.columns.size < MOST_COLUMNS) columnOf(table, name, before)[before] = value;
    for (const column of table.columns.values()) if (column.length === before) column.push(Number.NaN);
    return true;
  };
  const restarted = (...cutTables: readonly Table[]): void => {
    generation++;
    for (const table of cutTables) cut(table, 0);
  };
  const metrics: Receiver = {
    take(value) {
      const record = asMetric(value);
      if (record === undefined || !add(tables[record.kind], record.step, valuesOf(record))) return false;
      stopped = record.kind === "validation" ? record.stopped : undefined;
      return true;
    },
    restart: () => restarted(tables.train, tables.validation),
  };
  const timing: Receiver = {
    take(value) {
      const record = asTiming(value);
      return record !== undefined && add(tables.timing, record.step, timesOf(record));
    },
    restart: () => restarted(tables.timing),
  };
  return { tables, generation: () => generation, stopped: () => stopped, metrics, timing };
}

export function followRun(run: Run): Followed {
  const { tables, generation, stopped, ...receivers } = filledTables();
  const metrics = followLines(run.disk, pathIn(run, "metrics"), receivers.metrics);
  const timing = followLines(run.disk, pathIn(run, "timing"), receivers.timing);
  return {
    tables,
    generation,
    stopped,
    problems: () => [metrics, timing].flatMap((file) => file.problem() ?? []),
    read: (most) => {
      const more = metrics.read(most);
      return timing.read(most) || more;
    },
  };
}

/** The last records of a run, in so many bytes of each file: a summary for the time until all are read. */
export function lastRecords(run: Run, bytes: number): RunTables {
  const { tables, metrics, timing } = filledTables();
  for (const [file, { take }] of [["metrics", metrics] as const, ["timing", timing] as const])
    for (const value of lastLines(run.disk, pathIn(run, file), bytes)) if (isRecord(value)) take(value);
  return tables;
}

/** The values of the last lines of a file that are complete; none if it cannot be read. */
function lastLines(disk: Disk, path: string, bytes: number): unknown[] {
  try {
    if (disk.isLink(path)) return [];
    const file = disk.openFile(path);
    try {
      const size = file.size();
      const text = new TextDecoder().decode(file.read(Math.max(0, size - bytes), size));
      const [begin, end] = [size > bytes ? text.indexOf("\n") + 1 : 0, text.lastIndexOf("\n")];
      return end > begin ? parsed(text.slice(begin, end)) : [];
    } finally {
      file.close();
    }
  } catch {
    return [];
  }
}

/** Steps are sent as 32 bits. */
const isStep = (step: number): boolean => Number.isInteger(step) && step >= 0 && step < 2 ** 32;

/** Removes the records from `step` on. Returns whether there were any. */
function cut({ steps, columns }: Table, step: number): boolean {
  let kept = steps.length;
  while (kept > 0 && (steps[kept - 1] as number) >= step) kept--;
  if (kept === steps.length) return false;
  steps.length = kept;
  for (const column of columns.values()) column.length = Math.min(column.length, kept);
  return true;
}

function* valuesOf(record: MetricRecord): Iterable<readonly [string, number]> {
  yield ["loss", record.loss];
  for (const [name, value] of Object.entries(record.losses)) yield [`loss/${name}`, value];
  if (record.kind === "train") {
    yield ["lr", record.lr];
    yield ["gradient_norm", record.gradient_norm];
    if (record.loss_scale !== undefined) yield ["loss_scale", record.loss_scale];
  } else
    for (const [set, { losses }] of Object.entries(record.sets ?? {}))
      for (const [name, value] of Object.entries(losses)) yield [`loss/${name}/${set}`, value];
}

const timesOf = ({ seconds, tokens_per_second, tokens }: TimingRecord): (readonly [string, number])[] => [
  ["seconds", seconds],
  ["tokens_per_second", tokens_per_second],
  ...(tokens === undefined ? [] : [["tokens", tokens] as const]),
];

interface Lines {
  readonly read: (most: number) => boolean;
  readonly problem: () => string | undefined;
}

interface Receiver {
  /** Takes the value of a line. Returns false if it is not a record. */
  readonly take: (value: Record<string, unknown>) => boolean;
  /** The file was replaced: what was taken does not count. */
  readonly restart: () => void;
}

/** The bytes before the next read that show whether the file is still the same. */
const KNOWN_BYTES = 64;
const NEWLINE = 0x0a;

function followLines(disk: Disk, path: string, { take, restart }: Receiver): Lines {
  let offset = 0;
  let known: Uint8Array = new Uint8Array();
  let lines = 0;
  let damaged: { readonly first: number; count: number } | undefined;
  let unread: string | undefined;
  const name = disk.paths.basename(path);
  const begin = (): void => {
    if (offset > 0) restart();
    [offset, known, lines, damaged] = [0, new Uint8Array(), 0, undefined];
  };
  const isDamaged = (line: number): void => {
    damaged ??= { first: line, count: 0 };
    damaged.count++;
  };
  const takeLines = (text: string): void => {
    const values = parsed(text);
    for (const [i, value] of values.entries()) if (!isRecord(value) || !take(value)) isDamaged(lines + i + 1);
    lines += values.length;
  };
  const read = (most: number): boolean => {
    if (!disk.exists(path)) {
      begin();
      return false;
    }
    if (disk.isLink(path)) throw new Error("it is a link, and only files of the run are shown");
    const file = disk.openFile(path);
    try {
      const size = file.size();
      const before = file.read(offset - known.length, offset);
      if (size < offset || before.some((byte, i) => byte !== known[i])) begin();
      const bytes = file.read(offset, Math.min(size, offset + most));
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end > 0) takeLines(new TextDecoder().decode(bytes.subarray(0, end - 1)));
      // A line of this length is no record, and would never be complete.
      else if (bytes.length >= most) isDamaged(lines + 1);
      const used = end > 0 || bytes.length < most ? end : bytes.length;
      offset += used;
      if (used > 0) known = bytes.slice(Math.max(0, used - KNOWN_BYTES), used);
      return used > 0 && offset < size;
    } finally {
      file.close();
    }
  };
  return {
    read(most) {
      try {
        const more = read(most);
        unread = undefined;
        return more;
      } catch (error) {
        unread = reasonOf(error);
        return false;
      }
    },
    problem() {
      if (unread !== undefined) return `${name} cannot be read: ${unread}.`;
      if (damaged === undefined) return undefined;
      const { first, count } = damaged;
      return count === 1
        ? `Line ${first} of ${name} is not a record.`
        : `${count} lines of ${name} are not records, the first is line ${first}.`;
    },
  };
}

/** Why a file cannot be read, without its path. */
export function reasonOf(error: unknown): string {
  try {
    return unreadable(error).reason;
  } catch {
    return error instanceof Error ? error.message : "the reason is unknown";
  }
}

/** The values of lines of JSON; undefined for a line that has none. Many lines at once are parsed faster. */
function parsed(text: string): unknown[] {
  const lines = text.split("\n");
  try {
    const values: unknown = JSON.parse(`[${text.replaceAll("\n", ",")}]`);
    if (Array.isArray(values) && values.length === lines.length) return values;
  } catch {
    // One of the lines is damaged.
  }
  return lines.map((line) => {
    try {
      return JSON.parse(line) as unknown;
    } catch {
      return undefined;
    }
  });
}
