// The report of a run that diverged: the first tensor with NaN or infinity, the last good weights, and what to do.
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { checkpointSteps } from "./checkpoint.js";
import type { Outcome } from "./loop.js";
import { pathIn, type Run } from "./run-folder.js";

/** @param carry whether states are carried from one step to the next */
export function diverged({ bad, step, saved }: Outcome & { kind: "diverged" }, run: Run, carry: boolean): Failure {
  const badCount = `${bad?.bad} of its ${bad?.of} numbers are not finite`;
  const message =
    bad === undefined
      ? `The gradient norm of step ${step + 1} is not finite. Every tensor of that update is finite${carry ? " when its streams begin anew" : ""}: its gradients are too large to be squared${carry ? ", or come from what was carried" : ""}.`
      : bad.op === undefined
        ? `After step ${step} the weight ${bad.name} is bad: ${badCount}.`
        : `The gradient norm of step ${step + 1} is not finite. The first tensor that went bad is ${bad.name}, made by ${bad.op}: ${badCount}.`;
  const anew = "start a new run with a lower learning rate, or with clip";
  const checkpoints = pathIn(run, "checkpoints");
  const help =
    saved === step
      ? `The weights are those of step ${step}, saved in ${run.path}. Look at that tensor, and ${anew}.`
      : saved !== undefined
        ? `The last weights that are finite are in ${checkpoints}/step-${saved}. Look at them, and ${anew}.`
        : checkpointSteps(run).includes(step)
          ? `It is that of ${checkpoints}/step-${step}. Move that folder away and --resume from the one before, or ${anew}.`
          : `No checkpoint was written before: ${anew}.`;
  return new Failure([mistake("diverged", message, { help })]);
}
