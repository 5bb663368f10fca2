// The state of an optimizer in checkpoints: by slot, then by parameter.
import { InputError } from "../diagnostics/input-error.js";
import type { Model, Tensors } from "./model.js";

/** By slot name, then by parameter name. */
export type OptimizerState = ReadonlyMap<string, Tensors>;

export async function readOptimizer(model: Pick<Model, "slots" | "read">): Promise<OptimizerState> {
  const state = new Map<string, Tensors>();
  for (const slot of model.slots) state.set(slot, await model.read(slot));
  return state;
}

const listed = (slots: Iterable<string>) => [...slots].join(", ") || "nothing";

/** @throws InputError if the state belongs to another optimizer or model */
export async function loadOptimizer(model: Pick<Model, "slots" | "load">, state: OptimizerState): Promise<void> {
  const { slots } = model;
  if (slots.length !== state.size || !slots.every((slot) => state.has(slot))) {
    throw new InputError(
      "other-weights",
      `The checkpoint holds the state of another optimizer: it has ${listed(state.keys())}, but the spec's optimizer has ${listed(slots)}.`,
      "Resume with the optimizer that the checkpoint was made with, or start a new run from its weights with `init: checkpoint(…)`.",
    );
  }
  for (const [slot, tensors] of state) await model.load(slot, tensors);
}
