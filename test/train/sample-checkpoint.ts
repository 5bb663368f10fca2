// A small checkpoint whose numbers depend only on its step.
import type { Tensor } from "../../src/data/tensor.js";
import type { Checkpoint } from "../../src/train/checkpoint-files.js";

const NAMES = ["embed.weight", "layers.0.mamba_model.A_log", "norm.weight"];

export function sampleCheckpoint(step: number, numbers = 5000): Checkpoint {
  const tensors = (salt: number): Map<string, Tensor> =>
    new Map(
      NAMES.map((name, index) => [
        name,
        {
          dtype: "F32",
          shape: [numbers],
          data: Float32Array.from({ length: numbers }, (_, i) => step + salt + i / (index + 1)),
        },
      ]),
    );
  return {
    step,
    tensors: tensors(0),
    optimizer: new Map([
      ["m", tensors(0.25)],
      ["v", tensors(0.5)],
    ]),
    state: { position: { epoch: 0, index: step * 16, micro: 0 }, seed: 7, data: 99, choices: { linear: "registers" } },
  };
}
