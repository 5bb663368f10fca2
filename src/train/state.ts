// The states of sequences on the device: what a run of a phase leaves becomes what the next one begins with.
import type { Plan } from "../ir/plan.js";
import type { Model } from "./model.js";

/** Each part of the state: the field that a run leaves it in, and the one that the next begins with. */
export const stateFields = ({ fields }: Pick<Plan, "fields">): [next: string, state: string][] =>
  fields.flatMap(({ name }): [string, string][] =>
    name.startsWith("next.") ? [[name, `state.${name.slice("next.".length)}`]] : [],
  );

/** Goes on from where the last run ended, without the host. */
export function advanceState({ compiled, runtime }: Pick<Model, "compiled" | "runtime">): void {
  runtime.copy(stateFields(compiled.plan));
}

/** Begins anew: every part of every sequence's state is 0. */
export function clearState({ compiled, runtime }: Pick<Model, "compiled" | "runtime">): void {
  runtime.clear(stateFields(compiled.plan).map(([, state]) => state));
}
