// How an ablation goes, on a terminal: a line for each variant that has ended, and below it, redrawn, what is under way.
import type { Design } from "../../ablate/design.js";
import type { Ended } from "../../ablate/schedule.js";
import { CLEAR_LINE, formatDuration, type Terminal } from "../../report/progress.js";

export interface AblationProgress {
  readonly began: (index: number) => void;
  readonly stepped: (index: number, step: number) => void;
  readonly ended: (index: number, ended: Ended) => void;
  readonly message: (text: string) => void;
  readonly end: () => void;
}

const REDRAW_MS = 200;

/** @param total variants to be trained, `jobs` at a time */
export function ablationProgress(
  terminal: Terminal,
  design: Design,
  total: number,
  jobs: number,
  now: () => number = Date.now,
): AblationProgress {
  const redraws = terminal.isTTY === true;
  const underWay = new Map<number, { readonly at: number; step: number }>();
  const took: number[] = [];
  let over = 0;
  let drawn = Number.NEGATIVE_INFINITY;

  const nameOf = (index: number): string => {
    const { arm, seed } = design.variants[index] as Design["variants"][number];
    return `${design.arms[arm]?.label}, seed ${seed}`;
  };
  const stepsOf = (index: number): number => design.variants[index]?.spec.train.steps ?? 0;
  const left = (): string => {
    if (took.length === 0) return "";
    const mean = took.reduce((sum, seconds) => sum + seconds, 0) / took.length;
    return `  eta ${formatDuration((mean * (total - over)) / Math.max(1, Math.min(jobs, total - over)))}`;
  };
  const draw = (): void => {
    drawn = now();
    const runs = [...underWay].map(([index, { step }]) => `${nameOf(index)}: ${step}/${stepsOf(index)}`);
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
      message(`${over}/${total}  ${nameOf(index)}: ${endedText(ended, seconds)}${redraws ? "" : left()}`);
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
