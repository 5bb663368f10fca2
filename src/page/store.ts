// The runs that the page knows, with their records.
import {
  emptyTable,
  type PageState,
  type RunView,
  TABLES,
  type Table,
  type TableName,
  unpackInto,
} from "../report/page/view.js";
import { trainedSeconds } from "../train/metrics.js";
import type { Source } from "./source.js";

export interface KnownRun {
  view: RunView;
  /** Whether its curves are shown, and the number of its colour. */
  shown: boolean;
  colour: number;
  tables: Record<TableName, Table>;
  generation: number;
  /** Grows with every change of the tables. */
  version: number;
}

export interface Store {
  readonly runs: Map<number, KnownRun>;
  version: number;
}

/** Runs that are shown at first. */
const FIRST_SHOWN = 20;

export const emptyTables = (): Record<TableName, Table> => ({
  train: emptyTable(),
  validation: emptyTable(),
  timing: emptyTable(),
});

export function addViews({ runs }: Store, { runs: views }: PageState): void {
  for (const view of views) {
    const known = runs.get(view.id);
    if (known) known.view = view;
    else
      runs.set(view.id, {
        view,
        shown: [...runs.values()].filter(({ shown }) => shown).length < FIRST_SHOWN,
        // The seeds of an arm have one colour.
        colour: view.variant?.arm ?? runs.size,
        tables: emptyTables(),
        generation: view.generation,
        version: 0,
      });
  }
}

const countsOf = ({ tables }: KnownRun): Record<TableName, number> => ({
  train: tables.train.steps.length,
  validation: tables.validation.steps.length,
  timing: tables.timing.steps.length,
});

/** Gets the records of a run that are missing. Returns whether there were any. */
export async function getRecords(run: KnownRun, source: Source): Promise<boolean> {
  const have = countsOf(run);
  const isSame = run.generation === run.view.generation;
  if (isSame && TABLES.every((name) => have[name] >= run.view.records[name])) return false;
  const { generation, tables } = await source.records(run.view, { generation: run.generation, ...have });
  if (generation !== run.generation) run.tables = emptyTables();
  run.generation = generation;
  for (const name of TABLES)
    if (tables[name].from === run.tables[name].steps.length) unpackInto(run.tables[name], tables[name]);
  run.version++;
  return true;
}

export const AXES = {
  steps: "steps",
  tokens: "tokens",
  flops: "FLOPs",
  hours: "hours",
} as const;
export type AxisName = keyof typeof AXES;

/** The place of each step on an axis; undefined if the run does not record it. */
export function placesOn(
  axis: AxisName,
  { view, tables: { timing } }: KnownRun,
  steps: readonly number[],
): ArrayLike<number> | undefined {
  if (axis === "steps") return steps;
  if (axis === "flops") {
    const { flopsPerStep } = view;
    return flopsPerStep === null ? undefined : steps.map((step) => step * flopsPerStep);
  }
  const known =
    axis === "hours"
      ? trainedSeconds(timing.columns.get("seconds") ?? []).map((seconds) => seconds / 3600)
      : timing.columns.get("tokens");
  if (known === undefined || known.length === 0) return undefined;
  let i = 0;
  return steps.map((step) => {
    while (i + 1 < timing.steps.length && (timing.steps[i + 1] as number) <= step) i++;
    return timing.steps[i] === undefined || (timing.steps[i] as number) > step ? 0 : (known[i] as number);
  });
}
