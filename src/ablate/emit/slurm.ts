// Slurm: an array of tasks that are queued again after a crash or a time limit, and a report that depends on it.
import { type JobFiles, type Sweep, sweepScript } from "./sweep.js";
import { SWEEP_TEMPLATES } from "./templates.gen.js";

export const slurmFiles = (sweep: Sweep): JobFiles =>
  new Map([
    ["sweep.sh", sweepScript(sweep)],
    ["submit.sh", SWEEP_TEMPLATES["slurm-submit"]],
    ["train.sh", SWEEP_TEMPLATES["slurm-train"]],
    ["report.sh", SWEEP_TEMPLATES["slurm-report"]],
  ]);
