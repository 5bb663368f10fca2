// A value that varies, in a few characters.
import type { Json } from "../../front/spec.js";

export function valueText(value: Json): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(" + ");
  if (typeof value === "object" && value !== null) {
    const named = "part" in value ? value.part : "kind" in value ? value.kind : undefined;
    if (typeof named === "string") return named;
  }
  return JSON.stringify(value);
}
