// Numbers that sum up the records of a run: its last and best losses, and the time that it took.
import { smoothingWindow, type TimingRecord, trainedSeconds } from "../../train/metrics.js";
import type { RunTables } from "./follow.js";
import { type LossSummary, type Table, WEIGHTED } from "./view.js";

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** A few numbers that sum up the records of a run; null if there are none. */
export interface Summary {
  readonly isEmpty: boolean;
  readonly step: number;
  readonly losses: Readonly<Record<string, LossSummary>>;
  /** The median of the last measurements. */
  readonly tokensPerSecond: number | null;
  readonly seconds: number | null;
  readonly tokens: number | null;
  /** About updates whose numbers were not finite, as sentences. */
  readonly notFinite: readonly string[];
}

/** The number of the last measurements of speed that count. */
const RECENT = 50;

/** @param modalities their order; others follow */
export function summaryOf({ train, validation, timing }: RunTables, modalities: readonly string[]): Summary {
  const measured = (name: keyof TimingRecord): readonly number[] => timing.columns.get(name) ?? [];
  return {
    isEmpty: train.steps.length + validation.steps.length === 0,
    step: train.steps.at(-1) ?? 0,
    losses: lossesOf(train, validation, modalities),
    tokensPerSecond: finite(median(measured("tokens_per_second").slice(-RECENT))),
    seconds: finite(trainedSeconds(measured("seconds")).at(-1)),
    tokens: finite(measured("tokens").at(-1)),
    notFinite: notFinite(train),
  };
}

function lossesOf(train: Table, validation: Table, modalities: readonly string[]): Record<string, LossSummary> {
  const found = [...train.columns.keys(), ...validation.columns.keys()].flatMap((name) => {
    const [first, modality, set] = name.split("/");
    return first === "loss" && modality !== undefined && set === undefined ? [modality] : [];
  });
  const known = new Set([...modalities.filter((name) => found.includes(name)), ...found]);
  const rows = [...known].map((name) => [name, lossOf(train, validation, `loss/${name}`)] as const);
  if (train.steps.length + validation.steps.length > 0) rows.push([WEIGHTED, lossOf(train, validation, "loss")]);
  return Object.fromEntries(rows);
}

function lossOf(train: Table, validation: Table, column: string): LossSummary {
  const all = train.columns.get(column) ?? [];
  const last = all.slice(-smoothingWindow(all.length)).filter(Number.isFinite);
  const checked = validation.columns.get(column) ?? [];
  let best = -1;
  for (const [i, value] of checked.entries())
    if (Number.isFinite(value) && (best < 0 || value < (checked[best] as number))) best = i;
  return {
    training: finite(last.reduce((sum, value) => sum + value, 0) / last.length),
    validation: finite(checked.findLast(Number.isFinite)),
    best: finite(checked[best]),
    bestStep: validation.steps[best] ?? null,
  };
}

function median(values: readonly number[]): number | undefined {
  const ordered = values.filter(Number.isFinite).sort((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)];
}

/** Updates whose numbers were not finite, as sentences. With a loss scale, such an update is skipped and the scale reduced. */
function notFinite({ steps, columns }: Table): string[] {
  const column = (name: string): readonly number[] => columns.get(name) ?? [];
  const [losses, norms, scales] = [column("loss"), column("gradient_norm"), column("loss_scale")];
  const ok = (value = Number.NaN): boolean => Number.isFinite(value);
  const isSkipped = (i: number): boolean => ok(scales[i]) && ok(losses[i]) && !ok(norms[i]);
  let skipped = 0;
  let bad = 0;
  let first = 0;
  for (let i = 0; i < steps.length; i++)
    if (isSkipped(i)) skipped++;
    else if (!ok(losses[i]) || !ok(norms[i])) {
      if (bad === 0) first = steps[i] as number;
      bad++;
    }
  return [
    ...(bad > 0
      ? [`${bad} of ${steps.length} steps had a loss or gradient norm that is not finite, the first at step ${first}.`]
      : []),
    ...(skipped > 0
      ? [
          `${skipped} of ${steps.length} updates were skipped while the loss scale was adjusted: a gradient was too large for f16.`,
        ]
      : []),
  ];
}
