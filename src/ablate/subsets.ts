// Recognizes values that are all subsets of some parts, as from `subsets([in_proj, x_proj])`. A factorial needs them.
import type { Json } from "../front/spec.js";
import type { ResultAxis } from "./results.js";

/** The part that an item of a list names: `in_proj` for `in_proj` and `{ part: "in_proj" }`, with groups or without. */
export function partNamed(item: Json): string | undefined {
  const part = typeof item === "object" && item !== null && "part" in item ? item.part : item;
  return typeof part === "string" ? part : undefined;
}

/** The same, but undefined for an item with groups. */
const partOf = (item: Json): string | undefined =>
  typeof item === "object" && item !== null && "groups" in item && item.groups !== undefined
    ? undefined
    : partNamed(item);

/** The parts of a value that is a list of distinct parts; undefined for any other value. */
export function partsOf(value: Json): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parts = value.map(partOf);
  const named = parts.filter((part) => part !== undefined);
  return named.length === parts.length && new Set(named).size === named.length ? named : undefined;
}

/** The parts, if the values are all their subsets, each once; otherwise undefined. */
export function subsetsIn(values: readonly Json[]): Pick<ResultAxis, "subsetsOf"> {
  const all = values.map(partsOf);
  const lists = all.filter((parts) => parts !== undefined);
  const subsetsOf = [...new Set(lists.flat())];
  const different = new Set(lists.map((parts) => [...parts].sort().join()));
  const complete = lists.length === values.length && different.size === values.length;
  return complete && subsetsOf.length > 0 && values.length === 2 ** subsetsOf.length ? { subsetsOf } : {};
}
