// The messages about an ablation: a line for each finished variant and, on a terminal, a progress line below.
import type { Design } from "../../ablate/design.js";
import type { VariantState, VariantWorker } from "../../ablate/folder.js";
import type { Ended } from "../../ablate/schedule.js";
import { CLEAR_LINE, formatDuration, type Terminal } from "../progress.js";
import { tallyText, vanishedText } from "./listing.js";

/** The outcome of an ablation. `states` has one state for each variant; `report` is the path of the page. */
export interface AblationOutcome {
  readonly kind: "done" | "stopped";
  readonly states: readonly VariantState[];
  readonly report: string;
}

/** The final states of the variants. */
interface Settled {
  readonly states: readonly VariantState[];
  readonly stopped: boolean;
  /** The number of orphaned runs, and their folder. */
  readonly strangers: number;
  readonly variants: string;
}

/** Events of an ablation. */
export interface AblationEvents {
  /** The folder exists. `keep` appends to its log. */
  readonly opened: (keep: (text: string) => void) => void;
  /** This many variants will be trained, `jobs` at a time; `over` follows when none of them is running. */
  readonly queued: (total: number, jobs: number) => void;
  readonly over: () => void;
  /** The worker of a variant vanished. The variant is trained again, from its checkpoint of `step` if it has one. */
  readonly vanished: (index: number, worker: VariantWorker, step: number | undefined) => void;
  readonly began: (index: number) => void;
  readonly stepped: (index: number, step: number) => void;
  readonly ended: (index: number, ended: Ended) => void;
  /** A status line about a measurement, or a warning about a variant that continues. */
  readonly noted: (line: string) => void;
  readonly stopping: () => void;
  /** The reasons of this many failed variants could not be written. */
  readonly lost: (count: number) => void;
  readonly settled: (settled: Settled) => void;
}

/** @param command continues the ablation */
export function ablationWords(terminal: Terminal, design: Design, command: string): AblationEvents {
  let progress = progressOf(terminal, design, 0, 1);
  const write = (text: string): void => void terminal.write(`${text}\n`);
  return {
    opened: () => {},
    queued: (total, jobs) => {
      progress = progressOf(terminal, design, total, jobs);
    },
    over: () => progress.end(),
    vanished: (index, worker, step) => {
      const from = step === undefined ? "from the start" : `from step ${step}`;
      progress.message(`${nameOf(design, index)}: ${vanishedText(worker)}; training it again ${from}`);
    },
    began: (index) => progress.began(index),
    stepped: (index, step) => progress.stepped(index, step),
    ended: (index, ended) => progress.ended(index, ended),
    noted: (line) => progress.message(line),
    stopping: () => progress.message("Saving the running variants. Press Ctrl-C again to stop immediately."),
    lost: (count) => {
      const what = count === 1 ? "The failure of one variant" : `The failures of ${count} variants`;
      write(
        `${what} could not be saved either. These variants count as pending and are trained again without --retry.`,
      );
    },
    settled: ({ states, stopped, strangers, variants }) => {
      write(tallyText(states));
      const vanished = states.filter((state) => state.state === "pending" && state.vanished).length;
      if (vanished > 0)
        write(
          `Workers that vanished: ${vanished}. Their variants continue when they are trained again; --list shows them.`,
        );
      if (strangers > 0)
        write(`${strangers} runs in ${variants} belong to an older version of the spec and are ignored.`);
      if (states.some(({ state }) => state === "failed"))
        write(`Failed variants are not trained again. Retry them with: ${command} --retry`);
      if (stopped) write(`Stopped. Continue with: ${command}`);
    },
  };
}

function nameOf(design: Design, index: number): string {
  const { arm, seed } = design.variants[index] as Design["variants"][number];
  return `${design.arms[arm]?.label}, seed ${seed}`;
}

interface Progress {
  readonly began: (index: number) => void;
  readonly stepped: (index: number, step: number) => void;
  readonly ended: (index: number, ended: Ended) => void;
  readonly message: (text: string) => void;
  readonly end: () => void;
}

const REDRAW_MS = 200;

/** @param total the number of variants to train, `jobs` at a time */
function progressOf(
  terminal: Terminal,
  design: Design,
  total: number,
  jobs: number,
  now: () => number = Date.now,
): Progress {
  const redraws = terminal.isTTY === true;
  const underWay = new Map<number, { readonly at: number; step: number }>();
  const took: number[] = [];
  let over = 0;
  let drawn = Number.NEGATIVE_INFINITY;

  const stepsOf = (index: number): number => design.variants[index]?.spec.train.steps ?? 0;
  const left = (): string => {
    if (took.length === 0) return "";
    const mean = took.reduce((sum, seconds) => sum + seconds, 0) / took.length;
    return `  eta ${formatDuration((mean * (total - over)) / Math.max(1, Math.min(jobs, total - over)))}`;
  };
  const draw = (): void => {
    drawn = now();
    const runs = [...underWay].map(([index, { step }]) => `${nameOf(design, index)}: ${step}/${stepsOf(index)}`);
    const line = `${over}/${total}${left()}  ${runs.join("  ")}`;
    terminal.write(CLEAR_LINE + line.slice(0, (terminal.columns ?? 80) - 1));
  };
  const message = (text: string): void => {
    terminal.write(`${redraws ? CLEAR_LINE : ""}${text}\n`);
    if (redraws && underWay.size > 0) draw();
  };
  return {
    message,
    began(index) {
      underWay.set(index, { at: now(), step: 0 });
      if (redraws) draw();
    },
    stepped(index, step) {
      const run = underWay.get(index);
      if (run) run.step = step;
      if (redraws && now() - drawn >= REDRAW_MS) draw();
    },
    ended(index, ended) {
      const seconds = (now() - (underWay.get(index)?.at ?? now())) / 1000;
      underWay.delete(index);
      over++;
      if (ended.kind === "done") took.push(seconds);
      message(`${over}/${total}  ${nameOf(design, index)}: ${endedText(ended, seconds)}${redraws ? "" : left()}`);
    },
    end() {
      if (redraws) terminal.write(CLEAR_LINE);
    },
  };
}

function endedText(ended: Ended, seconds: number): string {
  switch (ended.kind) {
    case "done":
      return `done in ${formatDuration(seconds)}`;
    case "stopped":
      return "stopped and saved";
    case "taken":
      return "another process trains it";
    case "failed":
      return `failed: ${ended.reason}`;
  }
}
