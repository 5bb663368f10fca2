// The messages about a training for a terminal, a log or a program.
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Failure } from "../diagnostics/failure.js";
import { render } from "../diagnostics/render.js";
import { visible } from "../diagnostics/visible.js";
import { type Changed, changeText } from "../train/changes.js";
import type { StoppedEarly } from "../train/metrics.js";
import { formatDuration, formatLoss, type ProgressState, progressOn, type Terminal } from "./progress.js";
import { type StartRecord, startText } from "./start-text.js";

/** The outcome of a training. `step` counts the updates of the run, `made` those of this process. */
export type TrainingOutcome =
  | {
      readonly kind: "done";
      readonly step: number;
      readonly made: number;
      readonly seconds: number;
      /** The folder of the last checkpoint. */
      readonly checkpoint: string;
      /** The path of the report. */
      readonly report: string;
      /** Why it stopped before its last step. */
      readonly early?: StoppedEarly | undefined;
    }
  /** It was asked to stop, and has saved. */
  | { readonly kind: "stopped"; readonly step: number; readonly report: string }
  | { readonly kind: "diverged"; readonly failure: Failure };

/** Events of a training. */
export interface TrainingEvents {
  /** A status line: work before the first step, or skipped documents. */
  readonly noted: (line: string) => void;
  /** The run's folder exists, and this process has locked it. `keep` appends to its log. */
  readonly opened: (keep: (text: string) => void) => void;
  readonly warned: (warnings: readonly Diagnostic[]) => void;
  /** The run continues after a step; 0 if there was no checkpoint. */
  readonly resumed: (step: number) => void;
  /** Fields of the spec, or the data, that change at the resume. */
  readonly changed: (changes: readonly Changed[]) => void;
  /** The initial weights come from another run or a file. */
  readonly started: (record: StartRecord) => void;
  /** After every update. */
  readonly stepped: (progress: ProgressState) => void;
  /** Held-out losses by modality. */
  readonly validated: (step: number, losses: Readonly<Record<string, number>>) => void;
  /** The last update is done. */
  readonly trained: () => void;
  /** A tracker has a problem, which does not affect the run. */
  readonly trackerFailed: (warning: Diagnostic) => void;
  /** The report has no samples, for this reason. */
  readonly unsampled: (why: string) => void;
}

export interface TrainingWords extends TrainingEvents {
  readonly stopping: () => void;
  /** The end. Called once, without an outcome after an error. */
  readonly ended: (outcome?: TrainingOutcome) => void;
}

/** @param run its folder, and the command that resumes it */
export function trainingWords(
  terminal: Terminal,
  run: { readonly folder: string; readonly resumeCommand: string },
): TrainingWords {
  const progress = progressOn(terminal);
  return {
    noted: (line) => void terminal.write(`${visible(line)}\n`),
    opened: () => {},
    warned: (warnings) => void terminal.write(`${render(warnings, [], { colour: false })}\n`),
    resumed: (step) => progress.message(`Resuming ${run.folder} after step ${step}.`),
    changed: (changes) => {
      for (const change of changes) progress.message(`Changed ${changeText(change)}`);
    },
    started: (record) => void terminal.write(startText(record)),
    stepped: progress.update,
    validated: (step, losses) => {
      const all = Object.entries(losses).map(([name, loss]) => `${name} ${formatLoss(loss)}`);
      progress.message(`Step ${step}, held-out: ${all.join("  ")}`);
    },
    trained: progress.end,
    trackerFailed: (warning) => progress.message(render([warning], [], { colour: false }).trimEnd()),
    unsampled: (why) => progress.message(`The report has no samples: ${why}`),
    stopping: () => progress.message("Stopping after this step. Press Ctrl-C again to stop immediately."),
    ended(outcome) {
      progress.end();
      if (outcome !== undefined && outcome.kind !== "diverged") terminal.write(endText(outcome, run.resumeCommand));
    },
  };
}

/** Why a run stopped early, as a clause. */
export const stoppedText = ({ on, validations, best_step, best_loss }: StoppedEarly): string =>
  `the held-out ${on} loss has not fallen in ${validations === 1 ? "a validation" : `${validations} validations`} (lowest: ${formatLoss(best_loss)} at step ${best_step})`;

function endText(outcome: Exclude<TrainingOutcome, { kind: "diverged" }>, resumeCommand: string): string {
  switch (outcome.kind) {
    case "stopped": {
      const saved = outcome.step === 0 ? "before the first step" : `after step ${outcome.step} and saved a checkpoint`;
      return `Stopped ${saved}. Report so far: ${outcome.report}\nResume with: ${resumeCommand}\n`;
    }
    case "done": {
      const { early, made, step } = outcome;
      const stopped = early && `Stopped early after step ${step}: ${stoppedText(early)}.`;
      const all = `Nothing to train: all ${step} steps are done.`;
      const more = "To continue, raise the patience of `train.stop` with --set.";
      const done =
        made > 0
          ? `${stopped ? `${stopped}\n` : ""}Trained ${made} steps in ${formatDuration(outcome.seconds)}.`
          : stopped
            ? `${stopped} ${more}`
            : all;
      return `${done}\nCheckpoint: ${outcome.checkpoint}\nReport:     ${outcome.report}\n`;
    }
  }
}
