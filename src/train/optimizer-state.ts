// The state of an optimizer in checkpoints: by slot, then by parameter.
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import type { DeviceTensors, Model, TensorPiece, Tensors } from "./model.js";

/** By slot name, then by parameter name. */
export type OptimizerState = ReadonlyMap<string, Tensors>;

/** An optimizer's state that a run starts with, and the number of updates that have made it. */
export interface StartedOptimizer {
  readonly state: OptimizerState;
  readonly updates: number;
}

/** The tensors of all slots, named `SLOT.PARAMETER`, as in a checkpoint. */
export function optimizerOnDevice(model: Pick<Model, "slots" | "onDevice">): DeviceTensors {
  const slots = new Map(model.slots.map((slot) => [slot, model.onDevice(slot)]));
  const shapes = [...slots].flatMap(([slot, of]) =>
    [...of.shapes].map(([name, shape]) => [`${slot}.${name}`, shape] as const),
  );
  return {
    shapes: new Map(shapes),
    async *pieces(names): AsyncGenerator<TensorPiece> {
      for (const [slot, own] of runsOfSlots(names))
        for await (const { name, data } of slots.get(slot)?.pieces(own) ?? []) yield { name: `${slot}.${name}`, data };
    },
  };
}

/** A tensor's slot and parameter. The name of a slot has no dot. */
function slotAndParameter(name: string): [slot: string, parameter: string] {
  const end = name.indexOf(".");
  return [name.slice(0, Math.max(0, end)), name.slice(end + 1)];
}

/** The state in the tensors of a file. */
export function bySlot(tensors: ReadonlyMap<string, Tensor>): OptimizerState {
  const state = new Map<string, Map<string, Tensor>>();
  for (const [key, tensor] of tensors) {
    const [slot, parameter] = slotAndParameter(key);
    const known = state.get(slot) ?? new Map<string, Tensor>();
    state.set(slot, known.set(parameter, tensor));
  }
  return state;
}

/** The tensors of a file, named `SLOT.PARAMETER`. */
export const joinedSlots = (state: OptimizerState): Tensors =>
  new Map([...state].flatMap(([slot, of]) => [...of].map(([name, tensor]) => [`${slot}.${name}`, tensor] as const)));

/** Consecutive names of one slot. */
function runsOfSlots(names: readonly string[]): [slot: string, parameters: string[]][] {
  const runs: [string, string[]][] = [];
  for (const [slot, parameter] of names.map(slotAndParameter)) {
    const last = runs.at(-1);
    if (last?.[0] === slot) last[1].push(parameter);
    else runs.push([slot, [parameter]]);
  }
  return runs;
}

const hasSlots = (state: OptimizerState, slots: readonly string[]) =>
  slots.length === state.size && slots.every((slot) => state.has(slot));

/** @throws InputError if the state that a run starts with belongs to another optimizer */
export function checkSlots(from: string, { state }: StartedOptimizer, slots: readonly string[]): void {
  if (hasSlots(state, slots)) return;
  throw new InputError(
    "other-weights",
    `init: ${from} holds the state of another optimizer: it has ${listed(state.keys())}, but the spec's optimizer has ${listed(slots)}.`,
    "Use that optimizer in the spec, or start without `optimizer: true`.",
  );
}

const listed = (slots: Iterable<string>) => [...slots].join(", ") || "nothing";

/** @throws InputError if the state belongs to another optimizer or model */
export async function loadOptimizer(model: Pick<Model, "slots" | "load">, state: OptimizerState): Promise<void> {
  const { slots } = model;
  if (!hasSlots(state, slots)) {
    throw new InputError(
      "other-weights",
      `The checkpoint holds the state of another optimizer: it has ${listed(state.keys())}, but the spec's optimizer has ${listed(slots)}.`,
      "Resume with the optimizer that the checkpoint was made with, or start a new run from its weights with `init: checkpoint(…)`.",
    );
  }
  for (const [slot, tensors] of state) await model.load(slot, tensors);
}
