// Numbers for the inputs of an isolated op: batch tensors come from a batch, all others are random.

import type { HostArray, HostBatch } from "../batch/host-array.js";
import { storage } from "../ir/facts.js";
import type { Op } from "../ir/op.js";
import type { Program } from "../ir/program.js";
import type { Tensor, TensorId } from "../ir/tensor.js";
import { numbersFor, PERIOD } from "./numbers.js";
import { type Stored, stored } from "./stored.js";

export interface Given {
  /** A batch tensor by its name. */
  readonly named: (name: string) => HostArray;
  /** A full tensor, row-major. */
  readonly of: (tensor: Tensor) => Stored;
}

/** @param made tensors with computed values, by id */
export function givenFor(
  program: Program,
  op: Op,
  batch: HostBatch,
  made: ReadonlyMap<TensorId, Stored> = new Map(),
): Given {
  const inputs = Object.entries(op.in as Readonly<Record<string, TensorId>>);
  const nameOf = new Map(inputs.map(([name, id]) => [storage(program, id).id, name]));
  const initial = new Map(program.parameters.map((parameter) => [parameter.tensor, parameter.initial]));
  const named = (name: string) => {
    const array = batch.get(name);
    if (array === undefined) throw new Error(`the batch has no ${name}`);
    return array;
  };
  return {
    named,
    of: (tensor) => {
      const known = made.get(tensor.id) ?? (tensor.role === "batch" ? batch.get(tensor.name) : undefined);
      if (known !== undefined) return known;
      const numbers = numbersFor(tensor, nameOf.get(tensor.id) ?? "", initial.get(tensor.id));
      return stored(tensor.type, numbers, PERIOD);
    },
  };
}
