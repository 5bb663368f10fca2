// A training that tells how it goes and that signals stop: for the command line, a compiled folder's trainer, and programs.
import type { Terminal } from "../../report/progress.js";
import { type TrainingEvents, type TrainingOutcome, trainingWords } from "../../report/training-words.js";
import { type Interrupts, stopBy } from "./interrupts.js";

export interface Told {
  readonly terminal: Terminal;
  /** The run's folder, and the command that goes on with it. */
  readonly folder: string;
  readonly resumeCommand: string;
  /** Stops training instead of Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
  /** Told besides. */
  readonly listener?: Partial<Pick<TrainingEvents, "opened" | "stepped" | "validated">> | undefined;
}

/** @param train gets what it tells, and whether to stop */
export async function toldTraining(
  { terminal, listener, signal, ...run }: Told,
  train: (how: { readonly events: TrainingEvents; readonly stopWanted: () => boolean }) => Promise<TrainingOutcome>,
): Promise<TrainingOutcome> {
  const words = trainingWords(terminal, run);
  let interrupts: Interrupts | undefined;
  let outcome: TrainingOutcome | undefined;
  const events: TrainingEvents = {
    ...words,
    opened: (keep) => {
      listener?.opened?.(keep);
      // Until now there is nothing to save: a signal ends the process.
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
