// A small checkpoint whose numbers depend only on its step; writing and reading checkpoints that are in memory.
import { nodeDisk } from "../../src/api/node/disk.js";
import type { Tensor } from "../../src/data/tensor.js";
import { writeCheckpoint } from "../../src/train/checkpoint.js";
import {
  type Checkpoint,
  checkpointFiles,
  type LiveCheckpoint,
  parseCheckpoint,
} from "../../src/train/checkpoint-files.js";
import type { DeviceTensors } from "../../src/train/model.js";
import type { Run } from "../../src/train/run-folder.js";

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

/** Tensors in memory as if they were on a device. */
const onDevice = (tensors: ReadonlyMap<string, Tensor>): DeviceTensors => ({
  shapes: new Map([...tensors].map(([name, { shape }]) => [name, shape])),
  async *pieces(names) {
    for (const name of names) yield { name, data: tensors.get(name)?.data as Float32Array };
  },
});

/** A checkpoint in memory as training makes it. */
export const live = ({ tensors, optimizer, ...rest }: Checkpoint): LiveCheckpoint => ({
  ...rest,
  weights: onDevice(tensors),
  optimizer: onDevice(
    new Map([...optimizer].flatMap(([slot, of]) => [...of].map(([name, one]) => [`${slot}.${name}`, one] as const))),
  ),
});

/** Writes a checkpoint in memory to a run. */
export const storeCheckpoint = async (run: Run, checkpoint: Checkpoint, keep: number): Promise<void> =>
  await writeCheckpoint(run, live(checkpoint), keep);

/** The files of a checkpoint, by name. */
export async function filesIn(checkpoint: LiveCheckpoint): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { name, pieces } of checkpointFiles(checkpoint, nodeDisk)) {
    const parts: Uint8Array[] = [];
    for await (const piece of pieces) parts.push(piece);
    files.set(name, Buffer.concat(parts));
  }
  return files;
}

/** The checkpoint after writing and reading its files. */
export async function reread(checkpoint: LiveCheckpoint): Promise<Checkpoint> {
  const files = await filesIn(checkpoint);
  const read = parseCheckpoint((name) => files.get(name), nodeDisk);
  if (typeof read === "string") throw new Error(read);
  return read;
}
