// The state of an optimizer in checkpoints: by slot, then by parameter.
import { InputError } from "../diagnostics/input-error.js";
import type { DeviceTensors, Model, TensorPiece, Tensors } from "./model.js";

/** By slot name, then by parameter name. */
export type OptimizerState = ReadonlyMap<string, Tensors>;

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
export function slotAndParameter(name: string): [slot: string, parameter: string] {
  const end = name.indexOf(".");
  return [name.slice(0, Math.max(0, end)), name.slice(end + 1)];
}

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
