// Which ablations PyTorch can train: every arm must fit the target, and its updates the number of GPUs.
import type { Design } from "../../ablate/design.js";
import { InputError } from "../../diagnostics/input-error.js";
import { refuseForTorch } from "../torch-config.js";

/**
 * @param gpus those of a run, each of which takes as many sequences of an update; 0 for a CPU
 * @throws InputError if an arm sets something that the PyTorch target does not support, or its updates cannot be shared
 */
export function refuseArmsForTorch({ arms }: Design, gpus: number): void {
  for (const { spec, label } of arms) {
    refuseForTorch(spec);
    const { batch, accumulate } = spec.train;
    if (gpus > 1 && (batch * accumulate) % gpus !== 0)
      throw new InputError(
        "bad-option",
        `${gpus} GPUs cannot share the ${batch * accumulate} sequences (batch × accumulate) of an update in the arm \`${label}\``,
        "Use --gpus with a divisor of that number, or change `batch` or `accumulate`.",
      );
  }
}
