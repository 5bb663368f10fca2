// A spec's JSON as the text of a `.mom` file. Checking that text gives the same spec.
import { print, printValue } from "../../grammar/print.js";
import type { Entry, FieldEntry, Path, Value, Word } from "../../grammar/tree.js";
import type { Span } from "../diagnostics/diagnostic.js";
import { fieldNode, kindNode, ROOT, type SchemaNode, tagOf } from "./schema.js";
import type { Json } from "./spec.js";
import { targetOf } from "./vary.js";

type JsonObject = { readonly [key: string]: Json };
const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

const NOWHERE: Span = { path: "", start: 0, end: 0 };
const KEYWORDS = new Set(["import", "remove", "true", "false"]);
/** Deeper than this the text is refused anyway; it keeps recursion off hostile input. */
const DEEPEST = 70;

/** JSON that is no spec gives text, too, which `check` then refuses. */
export function printSpec(json: Json): string {
  return print(isObject(json) ? section(json, ROOT, json, 0) : []);
}

const word = (text: string): Word => ({ text, span: NOWHERE });
const path = (text: string): Path => ({ names: text.split(".").map(word), span: NOWHERE });

/** Keys in the schema's order, then the others. */
function ordered(fields: JsonObject, node: SchemaNode): [string, Json][] {
  const rank = Object.keys(node.properties ?? {});
  const place = (key: string): number => (rank.includes(key) ? rank.indexOf(key) : rank.length);
  return Object.entries(fields).sort(([a], [b]) => place(a) - place(b));
}

function section(fields: JsonObject, node: SchemaNode, whole: JsonObject, depth: number): Entry[] {
  return ordered(fields, node).flatMap(([key, value]): Entry[] => {
    const below = fieldNode(node, key) ?? {};
    if (!below.named || !isObject(value)) return [entry(key, value, below, whole, depth)];
    return Object.entries(value).map(([name, one]): Entry => {
      const inside = key === "vary" ? varied(name, fieldNode(below, name), one, whole) : (fieldNode(below, name) ?? {});
      return { ...entry(name, one, inside, whole, depth, key === "block"), kind: path(key) };
    });
  });
}

/** The schema of what a `vary` path takes: a list of its values, unless a call makes them. */
function varied(name: string, generators: SchemaNode | undefined, value: Json, whole: JsonObject): SchemaNode {
  if (isObject(value)) return generators ?? {};
  const node = targetOf(word(name), whole, [])?.node;
  return node === undefined ? {} : { items: node };
}

function entry(
  key: string,
  value: Json,
  node: SchemaNode,
  whole: JsonObject,
  depth: number,
  group = false,
): FieldEntry {
  const plain = { type: "field" as const, path: path(key), docs: [], span: NOWHERE };
  const tag = tagOf(node) ?? "kind";
  const head = isObject(value) ? value[tag] : undefined;
  if (depth > DEEPEST || !isObject(value) || (typeof head === "string" && !group)) {
    // A baseline gives a path its value; what a path varies over comes with its schema.
    const target =
      key.includes(".") && node.items === undefined && node.type === undefined
        ? (targetOf(word(key), whole, [])?.node ?? node)
        : node;
    return { ...plain, value: valueFrom(value, target, depth) };
  }
  const { [tag]: _, ...fields } = value;
  const inside = typeof head === "string" ? (kindNode(node, head) ?? {}) : node;
  const entries = section(typeof head === "string" ? fields : value, inside, whole, depth + 1);
  return {
    ...plain,
    ...(typeof head === "string" && { value: text(head, {}) }),
    group: { entries, span: NOWHERE },
  };
}

function valueFrom(json: Json, node: SchemaNode, depth: number): Value {
  if (depth > DEEPEST) return text("deeper", {});
  if (node.syntax === "layers" && Array.isArray(json)) return layers(json, depth);
  if (typeof json === "number") return { type: "number", text: String(json), span: NOWHERE };
  if (typeof json === "boolean") return { type: "boolean", value: json, span: NOWHERE };
  if (json === null) return text("null", {});
  if (typeof json === "string") return text(json, node);
  if (Array.isArray(json)) {
    const items = json.map((item: Json) => valueFrom(item, node.items ?? {}, depth + 1));
    return { type: "list", items, span: NOWHERE };
  }
  return isObject(json) ? call(json, node, depth) : text("null", {});
}

function text(string: string, node: SchemaNode): Value {
  if (/^[0-9]+x[0-9]+$/.test(string) && node.syntax !== "path") return { type: "size", text: string, span: NOWHERE };
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(string) && !KEYWORDS.has(string) && node.syntax !== "path";
  return isName ? { type: "call", name: word(string), span: NOWHERE } : { type: "string", text: string, span: NOWHERE };
}

function call(json: JsonObject, node: SchemaNode, depth: number): Value {
  const tag = tagOf(node) ?? "kind";
  const head = json[tag];
  const name = typeof head === "string" ? head : "group";
  const kind = kindNode(node, name) ?? {};
  const args = ordered(json, kind)
    .filter(([key]) => key !== tag)
    .map(([key, value]) => {
      const field = fieldNode(kind, key) ?? {};
      return { ...(!field.positional && { name: word(key) }), value: valueFrom(value, field, depth + 1) };
    });
  return { type: "call", name: word(name), ...(args.length > 0 && { args }), span: NOWHERE };
}

/** Names, and stretches such as `2 * (mixer + dense)`. */
function layers(items: readonly Json[], depth: number): Value {
  const terms = items.map((item): Value => {
    const of = isObject(item) ? item.of : undefined;
    if (!isObject(item) || !Array.isArray(of) || depth > DEEPEST) return valueFrom(item, {}, depth + 1);
    return {
      type: "product",
      factors: [valueFrom(item.times ?? null, {}, depth + 1), layers(of, depth + 1)],
      span: NOWHERE,
    };
  });
  const [only, second] = terms;
  if (only === undefined) return { type: "list", items: [], span: NOWHERE };
  return second === undefined ? only : { type: "sum", terms, span: NOWHERE };
}

/** A value as it would be written at a dotted path of the spec. */
export function printAt(json: Json, at: string, value: Json): string {
  return printValue(valueFrom(value, targetOf(word(at), json, [])?.node ?? {}, 0));
}
