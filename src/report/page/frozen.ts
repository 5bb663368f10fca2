// The page of runs as one file: everything that it shows, at most so much of each run.

import type { TimingRecord } from "../../train/metrics.js";
import { runsPage } from "./page.js";
import type { RunReader } from "./run-reader.js";
import {
  type AblationView,
  type FrozenPage,
  packTable,
  RANGE,
  type SamplesView,
  TABLES,
  type Table,
  type TableName,
} from "./view.js";

/** A table with more records is embedded as the means, the lowest and the highest of groups of them. */
const MOST_RECORDS = 2000;
/** So that a page of many runs stays small, they share about so many; but each has a few. */
const ALL_RECORDS = 40_000;
const LEAST_RECORDS = 200;
/** Steps of samples of a run, the last ones. */
const MOST_SAMPLES = 10;
const PIECE_BYTES = 2 ** 24;

interface FrozenAblation {
  readonly view: AblationView;
  /** As HTML. */
  readonly answer: string;
}

/** Reads the runs to their ends and returns the page as HTML. */
export function frozenPage(
  title: string,
  readers: readonly RunReader[],
  ablations: readonly FrozenAblation[] = [],
): string {
  const most = Math.max(LEAST_RECORDS, Math.min(MOST_RECORDS, Math.floor(ALL_RECORDS / readers.length)));
  const runs = readers.map((reader) => {
    while (reader.read(PIECE_BYTES));
    const view = reader.view();
    const tables = TABLES.map((name) => [name, grouped(reader.tables[name], most)] as const);
    const counts = Object.fromEntries(tables.map(([name, { steps }]) => [name, steps.length]));
    return {
      view: { ...view, generation: 0, records: counts as Record<TableName, number> },
      records: {
        generation: 0,
        tables: Object.fromEntries(tables.map(([name, table]) => [name, packTable(table, 0)])),
      },
      samples: view.samples
        .slice(-MOST_SAMPLES)
        .map((step): [string, SamplesView] => [`${view.id}/${step}`, reader.samples(step)]),
    };
  });
  const data: FrozenPage = {
    title,
    state: {
      version: 1,
      runs: runs.map(({ view }) => view),
      ablations: ablations.map(({ view }) => view),
      reading: false,
    },
    records: Object.fromEntries(runs.map(({ view, records }) => [view.id, records as FrozenPage["records"][number]])),
    samples: Object.fromEntries(runs.flatMap(({ samples }) => samples)),
    answers: ablations.map(({ answer }) => answer),
  };
  return runsPage(title, data);
}

/** Columns whose numbers are sums of all records so far. */
const SO_FAR: readonly string[] = ["seconds", "tokens"] satisfies (keyof TimingRecord)[];

/** A table with fewer records. Those of a group become one, at the last of their steps. */
function grouped({ steps, columns }: Table, most: number): Table {
  if (steps.length <= most) return { steps, columns };
  const size = Math.ceil((2 * steps.length) / most);
  const starts = Array.from({ length: Math.ceil(steps.length / size) }, (_, i) => i * size);
  const made = new Map<string, number[]>();
  for (const [name, values] of columns) {
    const groups = starts.map((start) => summed(values, start, Math.min(values.length, start + size)));
    const isMeasured = !SO_FAR.includes(name);
    made.set(
      name,
      groups.map(({ mean, last }) => (isMeasured ? mean : last)),
    );
    if (!isMeasured || groups.every(({ low, high }) => low === high)) continue;
    made.set(
      name + RANGE.low,
      groups.map(({ low }) => low),
    );
    made.set(
      name + RANGE.high,
      groups.map(({ high }) => high),
    );
  }
  return { steps: starts.map((start) => steps[Math.min(steps.length, start + size) - 1] as number), columns: made };
}

/** Of the finite values; NaN if there are none. */
function summed(values: readonly number[], from: number, to: number) {
  let [sum, count, low, high, last] = [0, 0, Number.NaN, Number.NaN, Number.NaN];
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
    last = value;
    if (!(value >= low)) low = value;
    if (!(value <= high)) high = value;
  }
  return { mean: sum / count, low, high, last };
}
