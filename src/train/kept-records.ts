// What a run has lost of its records, found before it goes on: at its end, when the report is made, it would be too late.
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { keptSteps } from "./metrics.js";
import { damagedMetrics, lostMetrics } from "./mistakes.js";
import { pathIn, type Run } from "./run-folder.js";

/**
 * Warnings of records that are missing up to `step`, and of damage after them, which is cut.
 * @throws Failure where a line among those records is damaged: all that follows it would be cut
 */
export function lostRecords(run: Run, step: number): Diagnostic[] {
  return (["metrics", "timing"] as const).flatMap((file) => {
    const path = pathIn(run, file);
    if (!run.disk.exists(path)) return step > 0 ? [lostMetrics(path, "is missing")] : [];
    const { steps, damaged, goesOn } = keptSteps(run.disk.read(path), step);
    if (damaged !== undefined && goesOn) throw damagedMetrics(path, damaged);
    const lacking = Array.from({ length: step }, (_, i) => i + 1).filter((one) => !steps.has(one));
    return [
      ...(lacking.length > 0 ? [lostMetrics(path, lacksText(lacking, step))] : []),
      ...(damaged !== undefined ? [lostMetrics(path, `is damaged from line ${damaged} on, which is cut`)] : []),
    ];
  });
}

const lacksText = ([first = 0, ...rest]: readonly number[], step: number): string =>
  rest.length === 0
    ? `has no record of step ${first}`
    : `has no record of ${rest.length + 1} of the ${step} steps, the first being step ${first}`;
