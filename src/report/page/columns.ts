// The table of runs as data, for the page, the terminal and documents: what differs in their specs, their states and
// numbers.
import { formatCount, formatDuration, formatLoss } from "../progress.js";
import { type LossSummary, type RunView, WEIGHTED } from "./view.js";

export interface RunColumn {
  /** A heading over several columns; empty if there is none. */
  readonly group: string;
  readonly head: string;
  /** Whether its values are numbers, which are aligned right. */
  readonly isNumber: boolean;
  readonly text: (run: RunView) => string;
  /** By which the rows are sorted. */
  readonly order: (run: RunView) => number | string;
}

const NONE = "–";

/** A setting of a run; if it changed when the run was resumed, all its values: `0.01, from step 60 on 0.001`. */
export function settingText({ settings, changes }: RunView, path: string): string {
  const own = changes.filter((change) => change.path === path);
  const [first] = own;
  if (first === undefined) return settings[path] ?? NONE;
  return [first.from ?? NONE, ...own.map(({ step, to }) => `from step ${step} on ${to ?? NONE}`)].join(", ");
}

/** The paths of settings that are not equal in all runs, in the order of the specs. */
export function differingPaths(runs: readonly RunView[]): string[] {
  const known = runs.filter(({ settings }) => Object.keys(settings).length > 0);
  const paths = new Set(known.flatMap(({ settings }) => Object.keys(settings)));
  return [...paths].filter((path) => new Set(known.map((run) => settingText(run, path))).size > 1);
}

export function runColumns(runs: readonly RunView[]): RunColumn[] {
  const modalities = [...new Set(runs.flatMap(({ losses }) => Object.keys(losses)))].filter(
    (name) => name !== WEIGHTED,
  );
  const has = (of: (run: RunView) => unknown): boolean => runs.some((run) => of(run) !== null && of(run) !== undefined);
  const number = (
    group: string,
    head: string,
    value: (run: RunView) => number | null | undefined,
    text: (value: number) => string,
  ): RunColumn[] =>
    has(value)
      ? [
          {
            group,
            head,
            isNumber: true,
            text: (run) => shown(value(run), text),
            order: (run) => value(run) ?? Number.POSITIVE_INFINITY,
          },
        ]
      : [];
  const words = (head: string, value: (run: RunView) => string): RunColumn => ({
    group: "",
    head,
    isNumber: false,
    text: value,
    order: value,
  });
  const lossOf = (modality: string, which: keyof LossSummary) => (run: RunView) => run.losses[modality]?.[which];
  return [
    words("Run", ({ name }) => name),
    words("State", stateText),
    ...differingPaths(runs).map((path) => settingColumn(path)),
    ...modalities.flatMap((name) => [
      ...number(name, "Training", lossOf(name, "training"), formatLoss),
      ...number(name, "Validation", lossOf(name, "validation"), formatLoss),
      ...number(name, "Best", lossOf(name, "best"), formatLoss),
    ]),
    ...number(
      "",
      "Steps",
      ({ step }) => step,
      (value) => value.toLocaleString("en-US"),
    ),
    ...number("", "Tokens/s", ({ tokensPerSecond }) => tokensPerSecond, formatCount),
    ...number("", "Tokens", ({ tokens }) => tokens, formatCount),
    ...number("", "FLOPs", flopsOf, (value) => value.toExponential(2)),
    ...number("", "Time", ({ seconds }) => seconds, formatDuration),
    ...(has(({ device }) => device) ? [words("Device", ({ device }) => device ?? NONE)] : []),
  ];
}

const shown = (value: number | null | undefined, text: (value: number) => string): string =>
  value === null || value === undefined ? NONE : text(value);

/** Training FLOPs so far. */
export const flopsOf = ({ flopsPerStep, step }: RunView): number | null =>
  flopsPerStep === null ? null : flopsPerStep * step;

/** Values that are numbers are sorted as numbers. */
function settingColumn(path: string): RunColumn {
  const value = (run: RunView): string => settingText(run, path);
  const isNumber = (text: string): boolean => text !== "" && Number.isFinite(Number(text));
  return {
    group: "",
    head: path,
    isNumber: false,
    text: value,
    order: (run) => (isNumber(value(run)) ? Number(value(run)) : value(run)),
  };
}

export function stateText({ state, step, steps }: RunView): string {
  const share = steps === null || steps === 0 ? "" : ` at ${Math.floor((100 * step) / steps)} %`;
  switch (state) {
    case "running":
      return `running${steps === null || steps === 0 ? "" : `, ${Math.floor((100 * step) / steps)} %`}`;
    case "stopped":
      return `stopped${share}`;
    default:
      return state;
  }
}
