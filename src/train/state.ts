// The states of sequences on the device: what a run of a phase leaves becomes what the next one begins with.
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import { labelOf, partLabel } from "../ir/meaning.js";
import type { Field, Plan } from "../ir/plan.js";
import type { Model, Tensors } from "./model.js";

type OnDevice = Pick<Model, "compiled" | "runtime">;

/** Each part of the state: the field that a run leaves it in, and the one that the next begins with. */
export const stateFields = ({ fields }: Pick<Plan, "fields">): [next: string, state: string][] =>
  fields.flatMap(({ name, means }): [string, string][] =>
    means.is === "next" ? [[name, labelOf({ ...means, is: "state" })]] : [],
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

/** What runs begin with, by the names that files give the parts: `layers.0.h`, … */
const statesOf = ({ fields }: Pick<Plan, "fields">): [part: string, field: Field][] =>
  fields.flatMap((field): [string, Field][] => (field.means.is === "state" ? [[partLabel(field.means), field]] : []));

/** What the next run begins with, by the names of the parts. */
export async function readState({ compiled, runtime }: OnDevice): Promise<Map<string, Tensor>> {
  const read = async ([part, field]: [string, Field]): Promise<[string, Tensor]> => {
    const data = new Float32Array(await runtime.read(field.name));
    return [part, { dtype: "F32", shape: [...field.shape], data }];
  };
  return new Map(await Promise.all(statesOf(compiled.plan).map(read)));
}

/** @throws InputError if a part is missing or has another shape */
export function writeState({ compiled, runtime }: OnDevice, tensors: Tensors): void {
  for (const [part, field] of statesOf(compiled.plan)) {
    const tensor = tensors.get(part);
    if (tensor?.shape.join() !== field.shape.join()) {
      const found = tensor ? `is [${tensor.shape}]` : "is missing";
      throw new InputError(
        "other-weights",
        `the state ${part} ${found}, and the model's is [${field.shape}]`,
        "Go on with the spec and the batch that the state was made with.",
      );
    }
    runtime.write(field.name, Float32Array.from(tensor.data as Float32Array));
  }
}
