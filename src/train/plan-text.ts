// The text of plan.json. `undefined` is written as null, which plans and specs do not contain otherwise. Short values are on
// one line, so that people can read a plan and compare two.
import { isRecord } from "../diagnostics/json-shape.js";

const WIDTH = 120;

export const toJson = (value: object): string => `${lines(nulled(value), "")}\n`;
export const fromJson = (text: string): unknown => restored(JSON.parse(text));

function nulled(value: unknown): unknown {
  if (value === undefined) return null;
  if (value === null) throw new Error("null in a plan would be read back as undefined");
  if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`JSON has no ${value}`);
  if (Array.isArray(value)) return value.map(nulled);
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, nulled(one)])) : value;
}

/** Replaces the nulls that `toJson` wrote with undefined. */
export function restored(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(restored);
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, restored(one)])) : value;
}

function lines(value: unknown, indent: string): string {
  const flat = JSON.stringify(value);
  if (indent.length + flat.length <= WIDTH || typeof value !== "object" || value === null) return flat;
  const inner = `${indent} `;
  const parts = Array.isArray(value)
    ? value.map((one) => `${inner}${lines(one, inner)}`)
    : Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${lines(one, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}
