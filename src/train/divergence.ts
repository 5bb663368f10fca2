// Finds the first tensor that is not finite in an update that went bad, by running it again one op at a time.

import type { HostBatch } from "../batch/host-array.js";
import { widenHalf } from "../data/half.js";
import type { NodeOutput } from "../ir/plan.js";
import type { StepScalars } from "../ir/step.js";
import type { Model, Tensors } from "./model.js";
import { advanceState } from "./state.js";

export interface BadTensor {
  readonly name: string;
  /** The op that made it; absent for a weight. */
  readonly op?: string;
  /** How many of its numbers are not finite, and of how many. */
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

/** The first parameter that is not finite. */
export function findBadWeight(weights: Tensors): BadTensor | undefined {
  for (const [name, { data }] of weights) {
    let bad = 0;
    for (const value of data as Float32Array) if (!Number.isFinite(value)) bad++;
    if (bad > 0) return { name, bad, of: data.length };
  }
  return undefined;
}

const numbersOf = (type: NodeOutput["type"], bytes: ArrayBuffer): Float32Array =>
  type === "f32" ? new Float32Array(bytes) : Float32Array.from(new Uint16Array(bytes), widenHalf);

/** The weights, and the states of sequences, must be those that the update began with. */
export async function findBadTensor(
  model: Model,
  batches: readonly HostBatch[],
  step: StepScalars,
): Promise<BadTensor | undefined> {
  const weight = findBadWeight(await model.read("parameters"));
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
