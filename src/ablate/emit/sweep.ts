// An ablation as jobs for a cluster's queue: what all emitters know, and the file that their scripts read.
import { EXITS } from "../folder.js";
import { quoted } from "./quote.js";
import type { RunTarget, Started } from "./targets.js";

/** Everything is data: emitting runs nothing and reads nothing. */
export interface Sweep extends Started {
  /** The number of runs. */
  readonly runs: number;
  /** Runs at the same time; undefined leaves it to the queue. */
  readonly jobs: number | undefined;
  /** GPUs of a run; 0 trains on a CPU. */
  readonly gpus: number;
  readonly target: RunTarget;
  /** The folder that the paths of the command are relative to. */
  readonly project: string;
}

/** The text of each file, by its name in the folder of the jobs. */
export type JobFiles = ReadonlyMap<string, string>;

/** How often a run that crashed is tried again. */
export const RETRIES = 3;

/** Exit codes after which another try would end in the same way: done, wrong input, wrong usage, diverged, in use. */
export const FINAL = { wrong: [EXITS.input, 2, EXITS.diverged], inUse: EXITS.inUse } as const;

/** `sweep.sh`, which the scripts read. This is the only script that contains names and paths. */
export function sweepScript(sweep: Sweep): string {
  const { project, runs, jobs, gpus, target } = sweep;
  const { before, after } = target.command(sweep);
  const words = (all: readonly string[]) => all.map(quoted).join(" ");
  return `# The ablation that these jobs run. The scripts beside this file read it.
project=${quoted(project)}
runs=${runs}
at_a_time=${jobs ?? ""}
gpus=${gpus === 0 ? "" : gpus}
choose_gpus=${target.chooses}
retries=${RETRIES}
# Ends the shell that calls it.
mom() {
  exec ${words(before)} "$@" -- ${words(after)}
}
# Whether a run that ended with this exit code may succeed if it is tried again.
worth_retry() {
  case $1 in 0 | ${[...FINAL.wrong, FINAL.inUse].join(" | ")}) return 1 ;; esac
}
`;
}
