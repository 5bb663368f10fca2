// The report of a run that diverged: the first tensor with NaN or infinity, the last good weights, and what to do.
import { diagnosticOf } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { checkpointSteps } from "./checkpoint.js";
import type { Outcome } from "./loop.js";
import { pathIn, type Run } from "./run-folder.js";

/** @param carry whether states are carried from one step to the next */
export function diverged({ bad, step, saved }: Outcome & { kind: "diverged" }, run: Run, carry: boolean): Failure {
  const badCount = `${bad?.bad} of its ${bad?.of} numbers are not finite`;
  const message =
    bad === undefined
      ? `The gradient norm of step ${step + 1} is not finite. Every tensor of that update is finite${carry ? " if its streams start from zero states" : ""}: its gradients are too large to be squared${carry ? ", or the carried states cause it" : ""}.`
      : bad.op === undefined
        ? `After step ${step} the weight ${bad.name} is not finite: ${badCount}.`
        : `The gradient norm of step ${step + 1} is not finite. The first tensor with NaN or infinity is ${bad.name}, computed by ${bad.op}: ${badCount}.`;
  const restart = "start a new run with a lower learning rate, or with clip";
  const checkpoints = pathIn(run, "checkpoints");
  const help =
    saved === step
      ? `The weights are those of step ${step}, saved in ${run.path}. Inspect that tensor, and ${restart}.`
      : saved !== undefined
        ? `The last finite weights are in ${checkpoints}/step-${saved}. Inspect them, and ${restart}.`
        : checkpointSteps(run).includes(step)
          ? `It is in ${checkpoints}/step-${step}. Move that folder away and --resume from the previous checkpoint, or ${restart}.`
          : `No earlier checkpoint exists: ${restart}.`;
  return new Failure([diagnosticOf("diverged", message, { help })]);
}
