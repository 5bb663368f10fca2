// One machine without a queue: GNU parallel, and each run on a GPU of its own.
import { type JobFiles, type Sweep, sweepScript } from "./sweep.js";
import { SWEEP_TEMPLATES } from "./templates.gen.js";

export const shellFiles = (sweep: Sweep): JobFiles =>
  new Map([
    ["sweep.sh", sweepScript(sweep)],
    ["run.sh", SWEEP_TEMPLATES["shell-run"]],
    ["train.sh", SWEEP_TEMPLATES["shell-train"]],
    ["isolate.sh", SWEEP_TEMPLATES["shell-isolate"]],
  ]);
