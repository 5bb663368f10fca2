// The states of sequences on the device: the final states of one run of a phase are the initial states of the next.
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import { labelOf, partLabel } from "../ir/meaning.js";
import type { Field, Plan } from "../ir/plan.js";
import type { Model, Tensors } from "./model.js";

type OnDevice = Pick<Model, "compiled" | "runtime">;

/** Each field of the state: the one that a run writes, and the one that the next run reads. */
export const stateFields = ({ fields }: Pick<Plan, "fields">): [next: string, state: string][] =>
  fields.flatMap(({ name, means }): [string, string][] =>
    means.is === "next" ? [[name, labelOf({ ...means, is: "state" })]] : [],
  );

/** Makes the final states of the last run the initial states of the next, without the host. */
export function advanceState({ compiled, runtime }: OnDevice): void {
  const fields = stateFields(compiled.plan);
  if (fields.length > 0) runtime.copy(fields);
}

/** Resets the state of every sequence to 0. */
export function clearState({ compiled, runtime }: OnDevice): void {
  runtime.clear(stateFields(compiled.plan).map(([, state]) => state));
}

/** The fields of the initial state, by their names in files: `layers.0.h`, … */
const statesOf = ({ fields }: Pick<Plan, "fields">): [part: string, field: Field][] =>
  fields.flatMap((field): [string, Field][] => (field.means.is === "state" ? [[partLabel(field.means), field]] : []));

/** The initial state of the next run, by name. */
export async function readState({ compiled, runtime }: OnDevice): Promise<Map<string, Tensor>> {
  const read = async ([part, field]: [string, Field]): Promise<[string, Tensor]> => {
    const data = new Float32Array(await runtime.read(field.name));
    return [part, { dtype: "F32", shape: [...field.shape], data }];
  };
  return new Map(await Promise.all(statesOf(compiled.plan).map(read)));
}

/** @throws InputError if a state is missing or has another shape */
export function writeState({ compiled, runtime }: OnDevice, tensors: Tensors): void {
  for (const [part, field] of statesOf(compiled.plan)) {
    const tensor = tensors.get(part);
    if (tensor?.shape.join() !== field.shape.join()) {
      const found = tensor ? `is [${tensor.shape}]` : "is missing";
      throw new InputError(
        "other-weights",
        `the state ${part} ${found}, but the model's is [${field.shape}]`,
        "Continue with the spec and the batch that the state was made with.",
      );
    }
    runtime.write(field.name, Float32Array.from(tensor.data as Float32Array));
  }
}
