// Turns a spec's JSON into the entries of an equivalent file, guided by the schema.
import type { Entry, FieldEntry, Path, Value, Word } from "../../grammar/tree.js";
import type { Span } from "../diagnostics/diagnostic.js";
import { below, type Place } from "./places.js";
import { columnsOf, fieldNode, isGroup, kindNode, ROOT, type SchemaNode, tagOf } from "./schema.js";
import type { Json } from "./spec.js";
import { targetOf } from "./vary.js";

type JsonObject = { readonly [key: string]: Json };
const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

const NOWHERE: Span = { path: "", start: 0, end: 0 };
const KEYWORDS = new Set(["import", "remove", "true", "false"]);
/** Limits recursion on hostile input. Deeper text is refused anyway. */
const DEEPEST = 70;

/** Names joined by dots. */
export const isPath = (text: string): boolean => text.split(".").every(isName);
const isName = (text: string) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text) && !KEYWORDS.has(text);

/** The place of the value at a pointer. */
type PlaceAt = (pointer: string) => Place;

/** What stays the same during the recursion. */
interface Building {
  readonly whole: JsonObject;
  readonly placeAt: PlaceAt;
}

/** The entries of a JSON value; none if it is not an object. JSON that is not a spec also gives entries, which `check` refuses. */
export function entriesOf(json: Json, placeAt: PlaceAt = () => ({ value: NOWHERE })): Entry[] {
  return isObject(json) ? section(json, ROOT, "", { whole: json, placeAt }, 0) : [];
}

/** A value as it is written at a dotted path of the spec. */
export function valueFor(json: Json, at: string, value: Json): Value {
  const building = { whole: isObject(json) ? json : {}, placeAt: () => ({ value: NOWHERE }) };
  return valueFrom(value, targetOf(word(at, NOWHERE), json, [])?.node ?? {}, "", building, 0);
}

const word = (text: string, span: Span): Word => ({ text, span });
const path = (text: string, span: Span): Path => ({ names: text.split(".").map((name) => word(name, span)), span });
const keySpan = ({ key, value }: Place) => key ?? value;

/** Keys in the schema's order, then all others. */
function ordered(fields: JsonObject, node: SchemaNode): [string, Json][] {
  const columns = columnsOf(node) !== undefined;
  const rank = Object.keys(node.properties ?? {});
  const place = (key: string) => {
    if (!rank.includes(key)) return rank.length;
    // Paths come before columns, and all other fields behind them.
    const behind = columns && node.properties?.[key]?.syntax !== "path" ? rank.length + 1 : 0;
    return behind + rank.indexOf(key);
  };
  return Object.entries(fields).sort(([a], [b]) => place(a) - place(b));
}

function section(fields: JsonObject, node: SchemaNode, at: string, building: Building, depth: number): Entry[] {
  return ordered(fields, node).flatMap(([key, value]): Entry[] => {
    const here = below(at, key);
    const field = fieldNode(node, key) ?? {};
    if (!field.named || !isObject(value)) return [entry(key, value, field, here, building, depth)];
    const { unnamed } = field;
    const item = unnamed === undefined ? undefined : fieldNode(field, unnamed);
    // One entry that needs no name, or, in JSON that somebody wrote, its value without a name.
    if (unnamed !== undefined && item !== undefined) {
      const [only, second] = Object.keys(value);
      const own = value[unnamed];
      if (typeof value[tagOf(item) ?? ""] === "string") return [entry(key, value, item, here, building, depth)];
      if (own !== undefined && only === unnamed && second === undefined)
        return [entry(key, own, item, below(here, unnamed), building, depth)];
    }
    const kind = path(key, keySpan(building.placeAt(here)));
    return Object.entries(value).map(([name, one]): Entry => {
      const known = fieldNode(field, name);
      const inside = key === "vary" ? varied(name, known, one, building) : (known ?? {});
      return { ...entry(name, one, inside, below(here, name), building, depth, key === "block"), kind };
    });
  });
}

/** The schema of the values of a `vary` path: a list, or a call that makes one. */
function varied(name: string, generators: SchemaNode | undefined, value: Json, { whole }: Building): SchemaNode {
  if (isObject(value)) return generators ?? {};
  const node = targetOf(word(name, NOWHERE), whole, [])?.node;
  return node === undefined ? {} : { items: node };
}

function entry(
  key: string,
  value: Json,
  node: SchemaNode,
  at: string,
  building: Building,
  depth: number,
  group = false,
): FieldEntry {
  const { whole, placeAt } = building;
  const place = placeAt(at);
  const span = { ...place.value, start: keySpan(place).start };
  const plain = { type: "field" as const, path: path(key, keySpan(place)), docs: [], span };
  const tag = tagOf(node) ?? "kind";
  const head = isObject(value) ? value[tag] : undefined;
  if (depth > DEEPEST || !isObject(value) || (typeof head === "string" && !group)) {
    // A baseline has one value per path; the values of a `vary` path have their own schema.
    const target =
      key.includes(".") && node.items === undefined && node.type === undefined
        ? (targetOf(word(key, NOWHERE), whole, [])?.node ?? node)
        : node;
    return { ...plain, value: valueFrom(value, target, at, building, depth) };
  }
  const { [tag]: _, ...fields } = value;
  const inside = typeof head === "string" ? (kindNode(node, head) ?? {}) : node;
  const entries = section(typeof head === "string" ? fields : value, inside, at, building, depth + 1);
  return {
    ...plain,
    ...(typeof head === "string" && { value: textValue(head, {}, placeAt(below(at, tag)).value) }),
    group: { entries, span: place.value },
  };
}

function valueFrom(json: Json, node: SchemaNode, at: string, building: Building, depth: number): Value {
  const span = building.placeAt(at).value;
  if (depth > DEEPEST) return textValue("deeper", {}, span);
  if (node.syntax === "layers" && Array.isArray(json)) return layers(json, at, span, building, depth);
  if (typeof json === "number") return { type: "number", text: String(json), span };
  if (typeof json === "boolean") return { type: "boolean", value: json, span };
  if (json === null) return textValue("null", {}, span);
  if (typeof json === "string") return textValue(json, node, span);
  if (Array.isArray(json)) {
    if (node.listed !== undefined) {
      const of = fieldNode(kindNode(node, node.listed) ?? {}, "of") ?? {};
      return { ...valueFrom(json, of, at, building, depth), span };
    }
    const items = json.map((item: Json, i) => valueFrom(item, node.items ?? {}, below(at, i), building, depth + 1));
    return { type: "list", items, span };
  }
  return isObject(json) ? call(json, node, at, building, depth) : textValue("null", {}, span);
}

function textValue(text: string, node: SchemaNode, span: Span): Value {
  if (/^[0-9]+x[0-9]+$/.test(text) && (node.syntax === "size" || node.type === undefined))
    return { type: "size", text, span };
  return isName(text) && node.syntax !== "path" && node.syntax !== "text"
    ? { type: "call", name: word(text, span), span }
    : { type: "string", text, span };
}

function call(json: JsonObject, node: SchemaNode, at: string, building: Building, depth: number): Value {
  const tag = tagOf(node) ?? "kind";
  const head = json[tag];
  if (node.listed !== undefined && head === node.listed && Array.isArray(json.of) && Object.keys(json).length === 2) {
    const of = fieldNode(kindNode(node, node.listed) ?? {}, "of") ?? {};
    return valueFrom(json.of, of, below(at, "of"), building, depth + 1);
  }
  if (isGroup(node) || typeof head !== "string") return map(json, node, at, building, depth);
  const name = head;
  const kind = kindNode(node, name) ?? {};
  const args = ordered(json, kind)
    .filter(([key]) => key !== tag)
    .map(([key, value]) => {
      const here = below(at, key);
      const field = fieldNode(kind, key) ?? {};
      return {
        ...(!field.positional && { name: word(key, keySpan(building.placeAt(here))) }),
        value: valueFrom(value, field, here, building, depth + 1),
      };
    });
  const { value: span } = building.placeAt(at);
  // An object where no kind is allowed must differ from a bare name.
  const takesCall = tagOf(node) !== undefined;
  const named = word(name, building.placeAt(below(at, tag)).value);
  return { type: "call", name: named, ...((args.length > 0 || !takesCall) && { args }), span };
}

/** An object without a kind. */
function map(json: JsonObject, node: SchemaNode, at: string, building: Building, depth: number): Value {
  const entries = ordered(json, node).map(([key, value]) => {
    const here = below(at, key);
    return {
      name: word(key, keySpan(building.placeAt(here))),
      value: valueFrom(value, fieldNode(node, key) ?? {}, here, building, depth + 1),
    };
  });
  return { type: "map", entries, span: building.placeAt(at).value };
}

/** Names, and products such as `2 * (mixer + dense)`. */
function layers(items: readonly Json[], at: string, span: Span, building: Building, depth: number): Value {
  const terms = items.map((item, i): Value => {
    const here = below(at, i);
    const own = building.placeAt(here).value;
    const of = isObject(item) ? item.of : undefined;
    if (!isObject(item) || !Array.isArray(of) || depth > DEEPEST) return valueFrom(item, {}, here, building, depth + 1);
    const [timesAt, ofAt] = [below(here, "times"), below(here, "of")];
    const times = valueFrom(item.times ?? null, {}, timesAt, building, depth + 1);
    const repeated = layers(of, ofAt, building.placeAt(ofAt).value, building, depth + 1);
    return { type: "product", factors: [times, repeated], span: own };
  });
  const [only, second] = terms;
  if (only === undefined) return { type: "list", items: [], span };
  return second === undefined ? only : { type: "sum", terms, span };
}
