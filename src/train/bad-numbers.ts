// Finds where NaN or infinity came from: in a weight, or in the output of an op of an update.
import type { HostBatch } from "../batch/host-array.js";
import { f16ToF32 } from "../data/half.js";
import type { NodeOutput } from "../ir/plan.js";
import type { StepScalars } from "../ir/step.js";
import type { Model, TensorPiece } from "./model.js";
import { advanceState } from "./state.js";

export interface BadTensor {
  readonly name: string;
  /** The op that computed it; absent for a weight. */
  readonly op?: string;
  /** The count of its numbers that are not finite, and of all its numbers. */
  readonly bad: number;
  readonly of: number;
}

function countBad(numbers: Float32Array, { rows, columns, column, stride }: NodeOutput): number {
  let bad = 0;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) if (!Number.isFinite(numbers[r * stride + column + c])) bad++;
  }
  return bad;
}

/** The first parameter with NaN or infinity. A parameter may have several consecutive pieces. */
export async function findBadWeight(
  weights: AsyncIterable<TensorPiece> | Iterable<TensorPiece>,
): Promise<BadTensor | undefined> {
  let last = { name: "", bad: 0, of: 0 };
  for await (const { name, data } of weights) {
    if (name !== last.name) {
      if (last.bad > 0) return last;
      last = { name, bad: 0, of: 0 };
    }
    let bad = last.bad;
    for (const value of data) if (!Number.isFinite(value)) bad++;
    last = { name, bad, of: last.of + data.length };
  }
  return last.bad > 0 ? last : undefined;
}

const numbersOf = (type: NodeOutput["type"], bytes: ArrayBuffer): Float32Array =>
  type === "f32" ? new Float32Array(bytes) : Float32Array.from(new Uint16Array(bytes), f16ToF32);

/**
 * The first tensor of an update with NaN or infinity. The weights and the states of sequences must be those from before
 * the update.
 */
export async function findBadTensor(
  model: Model,
  batches: readonly HostBatch[],
  step: StepScalars,
): Promise<BadTensor | undefined> {
  const weights = model.onDevice("parameters");
  const weight = await findBadWeight(weights.pieces([...weights.shapes.keys()]));
  if (weight) return weight;
  const { runtime, compiled } = model;
  const phase = compiled.plan.phases.find(({ name }) => name === "gradients");
  for (const [micro, batch] of batches.entries()) {
    model.writeBatch(batch);
    model.writeStep({ ...step, accumulate: micro > 0 ? 1 : 0 });
    for (const [index, node] of (phase?.nodes ?? []).entries()) {
      runtime.runNode("gradients", index);
      for (const output of node.outputs ?? []) {
        const numbers = numbersOf(output.type, await runtime.read(output.range));
        const bad = countBad(numbers, output);
        if (bad > 0) return { name: output.name, op: node.label, bad, of: output.rows * output.columns };
      }
    }
    advanceState(model);
  }
  return undefined;
}
