// The states of sequences on the device: what a run of a phase leaves becomes what the next one begins with.
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import type { Field, Plan } from "../ir/plan.js";
import type { Model, Tensors } from "./model.js";

type OnDevice = Pick<Model, "compiled" | "runtime">;

/** Each part of the state: the field that a run leaves it in, and the one that the next begins with. */
export const stateFields = ({ fields }: Pick<Plan, "fields">): [next: string, state: string][] =>
  fields.flatMap(({ name }): [string, string][] =>
    name.startsWith("next.") ? [[name, `state.${name.slice("next.".length)}`]] : [],
  );

/** Goes on from where the last run ended, without the host. */
export function advanceState({ compiled, runtime }: OnDevice): void {
  const fields = stateFields(compiled.plan);
  if (fields.length > 0) runtime.copy(fields);
}

/** Begins anew: every part of every sequence's state is 0. */
export function clearState({ compiled, runtime }: OnDevice): void {
  runtime.clear(stateFields(compiled.plan).map(([, state]) => state));
}

const statesOf = ({ fields }: Pick<Plan, "fields">): Field[] => fields.filter(({ name }) => name.startsWith("state."));
const bare = ({ name }: Field): string => name.slice("state.".length);

/** What the next run begins with, by the names of the parts: `layers.0.h`, … */
export async function readState({ compiled, runtime }: OnDevice): Promise<Map<string, Tensor>> {
  const read = async (field: Field): Promise<[string, Tensor]> => {
    const data = new Float32Array(await runtime.read(field.name));
    return [bare(field), { dtype: "F32", shape: [...field.shape], data }];
  };
  return new Map(await Promise.all(statesOf(compiled.plan).map(read)));
}

/** @throws InputError where a part is missing or has another shape */
export function writeState({ compiled, runtime }: OnDevice, tensors: Tensors): void {
  for (const field of statesOf(compiled.plan)) {
    const tensor = tensors.get(bare(field));
    if (tensor?.shape.join() !== field.shape.join()) {
      const found = tensor ? `is [${tensor.shape}]` : "is missing";
      throw new InputError(
        "other-weights",
        `the state ${bare(field)} ${found}, and the model's is [${field.shape}]`,
        "Go on with the spec and the batch that the state was made with.",
      );
    }
    runtime.write(field.name, Float32Array.from(tensor.data as Float32Array));
  }
}
