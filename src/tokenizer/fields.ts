// Reads the fields of a tokenizer.json. Each value carries its path in the file, which error messages name.
import { InputError } from "../diagnostics/input-error.js";
import { visibleLine } from "../diagnostics/visible.js";

/** A value of the file and its path, such as `normalizer.normalizers[2].pattern`. */
export interface Place {
  readonly path: string;
  readonly value: unknown;
}

const REMEDY = "Use a tokenizer without it; docs/data.md lists what is supported.";

/** @throws InputError always */
export function refuse({ path }: Place, why: string, remedy = REMEDY): never {
  throw new InputError("tokenizer", visibleLine(`${path === "" ? "the file" : path} ${why}`), remedy);
}

/** Formats a value of the file for a message. */
export function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? "nothing";
  return json.length > 40 ? `${json.slice(0, 39)}…` : json;
}

const at = (place: Place, key: string) => (place.path === "" ? key : `${place.path}.${key}`);

/** The named fields of an object; a missing field has the value undefined. Refuses any other field except `type`. */
export function fieldsOf<const Name extends string>(place: Place, ...names: readonly Name[]): Record<Name, Place> {
  const { value } = place;
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(place, "must be an object");
  const known: readonly string[] = names;
  for (const [key, own] of Object.entries(value))
    if (key !== "type" && !known.includes(key))
      refuse({ path: at(place, key), value: own }, "is not a supported option");
  const entries = names.map((name) => [name, { path: at(place, name), value: own(value, name) }] as const);
  return Object.fromEntries(entries) as Record<Name, Place>;
}

export const own = (value: object, key: string): unknown =>
  Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;

/** The `type` of an object, or undefined if it has none. */
export function typeOf(place: Place): string | undefined {
  const { value } = place;
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(place, "must be an object");
  const type = own(value, "type");
  if (type === undefined || typeof type === "string") return type;
  return refuse({ path: at(place, "type"), value: type }, `must be a string, not ${shown(type)}`);
}

/** Looks up the type of an object in a table. */
export function byType<T>(place: Place, table: Readonly<Record<string, T>>): T {
  const type = typeOf(place);
  if (type !== undefined && Object.hasOwn(table, type)) return table[type] as T;
  return refuse(
    { path: at(place, "type"), value: type },
    type === undefined ? "is missing" : `${shown(type)} is not supported`,
    `Use a tokenizer with one of: ${Object.keys(table).join(", ")}.`,
  );
}

export function listOf(place: Place): readonly Place[] {
  const { value, path } = place;
  if (!Array.isArray(value)) return refuse(place, "must be a list");
  return value.map((one: unknown, index) => ({ path: `${path}[${index}]`, value: one }));
}

export function stringOf(place: Place): string {
  const { value } = place;
  if (typeof value !== "string") return refuse(place, `must be a string, not ${shown(value)}`);
  if (LONE_SURROGATE.test(value)) return refuse(place, `is not Unicode: ${shown(value)}`);
  return value;
}

/** An unpaired surrogate. JavaScript's strings allow it; the library's do not. */
export const LONE_SURROGATE = /\p{Surrogate}/u;

/** @param absent the value of a missing field; without it, the field is required */
export function booleanOf(place: Place, absent?: boolean): boolean {
  const { value } = place;
  if (value === undefined && absent !== undefined) return absent;
  return typeof value === "boolean" ? value : refuse(place, `must be true or false, not ${shown(value)}`);
}

export function wholeOf(place: Place, least: number, most: number): number {
  const { value } = place;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  return refuse(place, `must be a whole number from ${least} to ${most}, not ${shown(value)}`);
}

export const isNothing = ({ value }: Place): boolean => value === null || value === undefined;

export function characterOf(place: Place): string {
  const text = stringOf(place);
  const [character, more] = text;
  if (character === undefined || more !== undefined) return refuse(place, `must be one character, not ${shown(text)}`);
  return character;
}
