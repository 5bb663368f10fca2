// What the page of runs shows, as plain data. `mom watch` sends it piece by piece, `mom report` embeds all of it.

/** Whether a run is training, or how it ended. */
export type RunState = "running" | "finished" | "stopped" | "failed" | "pending";

/** The last and the best losses of a modality; null where there is none. JSON has no NaN. */
export interface LossSummary {
  /** The mean of the last training losses. */
  readonly training: number | null;
  readonly validation: number | null;
  readonly best: number | null;
  readonly bestStep: number | null;
}

/** The name of the weighted sum in `RunView.losses`; no modality has it, since names have no spaces. */
export const WEIGHTED = "weighted sum";

/** A setting before and after so many updates, as text; null for none. */
export interface SettingChange {
  readonly step: number;
  readonly path: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface RunView {
  /** Stays the same while the page is open. */
  readonly id: number;
  readonly name: string;
  readonly state: RunState;
  /** Why it failed, as a sentence. */
  readonly reason?: string;
  /** Updates so far, and those that the spec asks for. */
  readonly step: number;
  readonly steps: number | null;
  /** Names and values: parameters, device, … */
  readonly facts: readonly (readonly [string, string])[];
  /** The unit of each modality's loss: "nats per token". */
  readonly units: Readonly<Record<string, string>>;
  /** By modality in order, then the weighted sum. */
  readonly losses: Readonly<Record<string, LossSummary>>;
  /** The number of records that each table has so far, and of times that records were taken back. */
  readonly records: Readonly<Record<TableName, number>>;
  readonly generation: number;
  /** The median of the last measurements. */
  readonly tokensPerSecond: number | null;
  /** Seconds of training, over all processes. */
  readonly seconds: number | null;
  readonly tokens: number | null;
  /** Training FLOPs of one update. */
  readonly flopsPerStep: number | null;
  readonly device: string | null;
  readonly spec: string;
  /** Every setting of the spec by its path, as text. */
  readonly settings: Readonly<Record<string, string>>;
  /** Settings that changed when the run was resumed, in order. */
  readonly changes: readonly SettingChange[];
  /** The steps that have samples, ascending. */
  readonly samples: readonly number[];
  /** What happened that the curves do not show, as sentences. */
  readonly notes: readonly string[];
  /** What is missing or damaged, as sentences. */
  readonly problems: readonly string[];
  /** The arm of an ablation that it belongs to: indices into the ablations and its arms. */
  readonly variant?: { readonly ablation: number; readonly arm: number };
}

/** A run of an arm. */
export interface ArmRun {
  readonly seed: number;
  readonly state: RunState;
  readonly reason?: string;
  /** The id of its view, once it has begun. */
  readonly run?: number;
}

export interface AblationView {
  readonly name: string;
  readonly problems: readonly string[];
  readonly arms: readonly { readonly label: string; readonly runs: readonly ArmRun[] }[];
  /** Grows when its answer changes. */
  readonly version: number;
}

export const TABLES = ["train", "validation", "timing"] as const;
export type TableName = (typeof TABLES)[number];

/** Columns over steps, ascending. A value that is missing or not finite is NaN. */
export interface Table {
  readonly steps: number[];
  readonly columns: Map<string, number[]>;
}

/** Suffixes of the columns with the lowest and the highest values, if a column has the means of several records. */
export const RANGE = { low: " low", high: " high" } as const;

export const emptyTable = (): Table => ({ steps: [], columns: new Map() });

/** A part of a table from some record on: each column as base64 of little-endian f32. */
export interface PackedTable {
  readonly from: number;
  readonly steps: string;
  readonly columns: Readonly<Record<string, string>>;
}

export interface PackedRecords {
  readonly generation: number;
  readonly tables: Readonly<Record<TableName, PackedTable>>;
}

export function packTable({ steps, columns }: Table, from: number, to = steps.length): PackedTable {
  return {
    from,
    steps: packed(Uint32Array.from(steps.slice(from, to))),
    columns: Object.fromEntries(
      [...columns].map(([name, values]) => [name, packed(Float32Array.from(values.slice(from, to)))]),
    ),
  };
}

/** Most bytes for one call of String.fromCharCode. */
const CALL_BYTES = 2 ** 14;

function packed({ buffer }: Uint32Array | Float32Array): string {
  const bytes = new Uint8Array(buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += CALL_BYTES)
    text += String.fromCharCode(...bytes.subarray(at, at + CALL_BYTES));
  return btoa(text);
}

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}

/** Appends a packed part to a table, which has all records before it. */
export function unpackInto(table: Table, part: PackedTable): void {
  const steps = new Uint32Array(bytesOf(part.steps));
  const { length } = table.steps;
  for (const step of steps) table.steps.push(step);
  for (const [name, base64] of Object.entries(part.columns)) {
    const column = columnOf(table, name, length);
    for (const value of new Float32Array(bytesOf(base64))) column.push(value);
  }
}

/** A column of a table, filled up with NaN to `length`. */
export function columnOf({ columns }: Table, name: string, length: number): number[] {
  let column = columns.get(name);
  if (column === undefined) {
    column = [];
    columns.set(name, column);
  }
  while (column.length < length) column.push(Number.NaN);
  return column;
}

/** A picture is a data URL. */
export interface SampleView {
  readonly name: string;
  readonly truth: string;
  readonly sampled: readonly string[];
}

export interface TextSampleView {
  readonly name: string;
  readonly given: string;
  readonly picture?: string;
  readonly truth: string;
  readonly sampled: string;
}

export interface SampleGroupView {
  readonly label: string;
  readonly samples: readonly SampleView[];
  readonly texts: readonly TextSampleView[];
}

/** The samples of one step, or why they cannot be shown. */
export type SamplesView = { readonly groups: readonly SampleGroupView[] } | { readonly problem: string };

export interface PageState {
  /** Grows with every change. */
  readonly version: number;
  /** The runs that changed since the version that was asked for. */
  readonly runs: readonly RunView[];
  readonly ablations: readonly AblationView[];
  /** Whether files remain to be read. */
  readonly reading: boolean;
}

/** All data of a page that does not change. */
export interface FrozenPage {
  readonly title: string;
  readonly state: PageState;
  /** By the run's id. */
  readonly records: Readonly<Record<number, PackedRecords>>;
  /** By run and step: `3/1000`. */
  readonly samples: Readonly<Record<string, SamplesView>>;
  /** The answer of each ablation, as HTML. */
  readonly answers: readonly string[];
}
