// The names that a spec declares, right or wrong, with those of its imports.
import { fieldsOf, ROOT } from "../front/schema.js";
import type { Json } from "../front/spec.js";
import { valueIn } from "../front/vary.js";

export const SECTIONS: readonly string[] = fieldsOf(ROOT);

const keysOf = (json: Json | undefined): string[] =>
  typeof json === "object" && json !== null && !Array.isArray(json) ? Object.keys(json) : [];

export const blocksOf = (spec: Json): string[] => keysOf(valueIn(spec, "/model/block"));
export const modalitiesOf = (spec: Json): string[] => keysOf(valueIn(spec, "/model/modality"));
export const objectivesOf = (spec: Json): string[] => keysOf(valueIn(spec, "/objective"));

/** `mamba`, `bytes`; undefined where the kind is not known. */
export function kindOf(spec: Json, of: "block" | "modality", name: string): string | undefined {
  const value = valueIn(spec, `/model/${of}`);
  const own =
    typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  const kind = own === undefined ? undefined : valueIn(own, "/kind");
  return typeof kind === "string" ? kind : undefined;
}
