// The places of the values of a spec's JSON in the sources.
import type { Span } from "../diagnostics/diagnostic.js";

export interface Place {
  readonly value: Span;
  /** The span of its key. */
  readonly key?: Span;
}

/** Keyed by JSON pointer. Defaults have no place. */
export type Places = Map<string, Place>;

export const below = (pointer: string, key: string | number): string =>
  typeof key === "string" && /[~/]/.test(key)
    ? `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
    : `${pointer}/${key}`;

export const keysOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));

/** Fields of a spec's JSON that have no name in its text. */
const UNWRITTEN = new Set(["part", "times", "of"]);

/** The name of the field at a pointer; for an item of a list, the list's. */
export const fieldName = (pointer: string): string =>
  keysOf(pointer).findLast((key) => !/^\d+$/.test(key) && !UNWRITTEN.has(key)) ?? "spec";

/** The place of a value, or of the innermost group that contains it. */
export function placeOf(places: Places, pointer: string): Place {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const place = places.get(at);
    if (place !== undefined) return place;
    if (at === "") return { value: { path: "", start: 0, end: 0 } };
  }
}

export const valueAt = (places: Places, pointer: string): Span => placeOf(places, pointer).value;

/** The span of the key, or of the value if it has no key. */
export function keyAt(places: Places, pointer: string): Span {
  const place = placeOf(places, pointer);
  return place.key ?? place.value;
}
