// How a training goes, in words: what a terminal, a log or a program is told.
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Failure } from "../diagnostics/failure.js";
import { render } from "../diagnostics/render.js";
import { visible } from "../diagnostics/visible.js";
import { formatDuration, formatLoss, type ProgressState, progressOn, type Terminal } from "./progress.js";
import { type StartRecord, startText } from "./start-text.js";

/** How a training ended. `step` counts the updates of the run, `made` those that this process made. */
export type TrainingOutcome =
  | {
      readonly kind: "done";
      readonly step: number;
      readonly made: number;
      readonly seconds: number;
      /** The last checkpoint's folder. */
      readonly checkpoint: string;
      /** The report's file. */
      readonly report: string;
    }
  /** Asked to stop, it has saved. */
  | { readonly kind: "stopped"; readonly step: number; readonly report: string }
  | { readonly kind: "diverged"; readonly failure: Failure };

/** What happens on the way there. */
export interface TrainingEvents {
  /** What is done before the first step, or left out: lines for people. */
  readonly noted: (line: string) => void;
  /** The run's folder is there, and held by this process; `keep` adds to its log. */
  readonly opened: (keep: (text: string) => void) => void;
  readonly warned: (warnings: readonly Diagnostic[]) => void;
  /** It goes on after a step; 0 where there was no checkpoint yet. */
  readonly resumed: (step: number) => void;
  /** The weights start from others. */
  readonly started: (record: StartRecord) => void;
  /** After every update. */
  readonly stepped: (progress: ProgressState) => void;
  /** Held-out losses by modality. */
  readonly validated: (step: number, losses: Readonly<Record<string, number>>) => void;
  /** No further update is made. */
  readonly trained: () => void;
  /** The report has no samples, and why. */
  readonly unsampled: (why: string) => void;
}

export interface TrainingWords extends TrainingEvents {
  readonly stopping: () => void;
  /** Call it once, however training ends; without an outcome where it threw. */
  readonly ended: (outcome?: TrainingOutcome) => void;
}

/** @param run its folder, and the command that goes on with it */
export function trainingWords(
  terminal: Terminal,
  run: { readonly folder: string; readonly resumeCommand: string },
): TrainingWords {
  const progress = progressOn(terminal);
  return {
    noted: (line) => void terminal.write(`${visible(line)}\n`),
    opened: () => {},
    warned: (warnings) => void terminal.write(`${render(warnings, [], { colour: false })}\n`),
    resumed: (step) => progress.message(`Going on with ${run.folder} after step ${step}.`),
    started: (record) => void terminal.write(startText(record)),
    stepped: progress.update,
    validated: (step, losses) => {
      const all = Object.entries(losses).map(([name, loss]) => `${name} ${formatLoss(loss)}`);
      progress.message(`Step ${step}, held out: ${all.join("  ")}`);
    },
    trained: progress.end,
    unsampled: (why) => progress.message(`The report has no samples: ${why}`),
    stopping: () => progress.message("Stopping after this step; Ctrl-C once more stops at once."),
    ended(outcome) {
      progress.end();
      if (outcome !== undefined && outcome.kind !== "diverged") terminal.write(endText(outcome, run.resumeCommand));
    },
  };
}

function endText(outcome: Exclude<TrainingOutcome, { kind: "diverged" }>, resumeCommand: string): string {
  switch (outcome.kind) {
    case "stopped": {
      const saved = outcome.step === 0 ? "before the first step" : `after step ${outcome.step}, which is saved`;
      return `Stopped ${saved}. Report so far: ${outcome.report}\nGo on with: ${resumeCommand}\n`;
    }
    case "done": {
      const done =
        outcome.made > 0
          ? `Trained ${outcome.made} steps in ${formatDuration(outcome.seconds)}.`
          : `Nothing was left to train: all ${outcome.step} steps had been made.`;
      return `${done}\nCheckpoint: ${outcome.checkpoint}\nReport:     ${outcome.report}\n`;
    }
  }
}
