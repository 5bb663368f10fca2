// Runs a training with progress reports until it is done or a signal stops it: for the command line, compiled trainers and programs.
import type { Terminal } from "../../report/progress.js";
import { type TrainingEvents, type TrainingOutcome, trainingWords } from "../../report/training-words.js";
import { type Interrupts, stopBy } from "./interrupts.js";

export interface Progress {
  readonly terminal: Terminal;
  /** The run's folder, and the command that resumes it. */
  readonly folder: string;
  readonly resumeCommand: string;
  /** Stops the training in place of Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** Also receives the events. */
  readonly listener?: Partial<Pick<TrainingEvents, "opened" | "stepped" | "validated">> | undefined;
}

/** @param train receives the handlers of its events and the request to stop */
export async function trainWithProgress(
  { terminal, listener, signal, ...run }: Progress,
  train: (how: { readonly events: TrainingEvents; readonly stopWanted: () => boolean }) => Promise<TrainingOutcome>,
): Promise<TrainingOutcome> {
  const words = trainingWords(terminal, run);
  let interrupts: Interrupts | undefined;
  let outcome: TrainingOutcome | undefined;
  const events: TrainingEvents = {
    ...words,
    opened: (keep) => {
      listener?.opened?.(keep);
      // Before this, there is nothing to save, so a signal ends the process.
      interrupts = stopBy(signal, words.stopping);
    },
    stepped: (progress) => {
      words.stepped(progress);
      listener?.stepped?.(progress);
    },
    validated: (step, losses) => {
      listener?.validated?.(step, losses);
      words.validated(step, losses);
    },
  };
  try {
    outcome = await train({ events, stopWanted: () => interrupts?.wanted() ?? false });
    return outcome;
  } finally {
    words.ended(outcome);
    interrupts?.release();
  }
}
