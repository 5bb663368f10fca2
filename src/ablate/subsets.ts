// Values that are all the subsets of some parts: what `subsets([in_proj, x_proj])` makes, and what a factorial needs.
import type { Json } from "../front/spec.js";
import type { ResultAxis } from "./results.js";

/** The part that an item of a list names: of `in_proj` and of `{ part: "in_proj" }`, shared within groups or not. */
export function partNamed(item: Json): string | undefined {
  const part = typeof item === "object" && item !== null && "part" in item ? item.part : item;
  return typeof part === "string" ? part : undefined;
}

/** The same; undefined for what is shared within groups. */
const partOf = (item: Json): string | undefined =>
  typeof item === "object" && item !== null && "groups" in item && item.groups !== undefined
    ? undefined
    : partNamed(item);

/** The parts of a value, which is a list of them, each once; undefined for any other value. */
export function partsOf(value: Json): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts = value.map(partOf);
  const named = parts.filter((part) => part !== undefined);
  return named.length === parts.length && new Set(named).size === named.length ? named : undefined;
}

/** The parts of which the values are all subsets, each once; nothing where they are not. */
export function subsetsIn(values: readonly Json[]): Pick<ResultAxis, "subsetsOf"> {
  const all = values.map(partsOf);
  const lists = all.filter((parts) => parts !== undefined);
  const subsetsOf = [...new Set(lists.flat())];
  const different = new Set(lists.map((parts) => [...parts].sort().join()));
  const whole = lists.length === values.length && different.size === values.length;
  return whole && subsetsOf.length > 0 && values.length === 2 ** subsetsOf.length ? { subsetsOf } : {};
}
