// Numbers that sum up the records of a run: its last and best losses, and the time that it took.
import { smoothingWindow } from "../../train/metrics.js";
import { type LossSummary, type Table, WEIGHTED } from "./view.js";

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;

/** @param modalities the order; others follow */
export function summarized(
  train: Table,
  validation: Table,
  modalities: readonly string[],
): Record<string, LossSummary> {
  const found = [...train.columns.keys(), ...validation.columns.keys()].flatMap((name) => {
    const [first, modality, set] = name.split("/");
    return first === "loss" && modality !== undefined && set === undefined ? [modality] : [];
  });
  const known = new Set([...modalities.filter((name) => found.includes(name)), ...found]);
  const rows = [...known].map((name) => [name, summaryOf(train, validation, `loss/${name}`)] as const);
  if (train.steps.length + validation.steps.length > 0) rows.push([WEIGHTED, summaryOf(train, validation, "loss")]);
  return Object.fromEntries(rows);
}

function summaryOf(train: Table, validation: Table, column: string): LossSummary {
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

/** Seconds of training up to each record. In runs of earlier versions the clock starts again with every process. */
export function spentSeconds({ columns }: Table): number[] {
  let total = 0;
  let before = 0;
  return (columns.get("seconds") ?? []).map((seconds) => {
    if (Number.isFinite(seconds)) {
      total += seconds >= before ? seconds - before : seconds;
      before = seconds;
    }
    return total;
  });
}

/** Updates whose numbers were not finite, as sentences. With a loss scale, such an update is skipped and the scale reduced. */
export function notFinite({ steps, columns }: Table): string[] {
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
