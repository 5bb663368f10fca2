// The schema of a spec as the front reads it: fields, kinds, descriptions in words, and the JSON Schema for users.
import { schema } from "../../grammar/schema.gen.js";
import type { Json } from "./spec.js";

/** A node of grammar/spec.schema.json. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: Json;
  readonly examples?: readonly string[];
  /** The unit of a number. */
  readonly unit?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly discriminator?: { readonly propertyName: string };
  readonly const?: Json;
  readonly enum?: readonly Json[];
  /** Words that are allowed in place of a number, such as `auto`. */
  readonly words?: readonly string[];
  /** The smallest nonzero value; smaller ones would be 0 in f32. */
  readonly leastNonzero?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  /** Entries are written `KEY NAME: value`. */
  readonly named?: boolean;
  /** Without a discriminator: the field that holds the name of the call. */
  readonly call?: string;
  /** An argument that can be written without its name. */
  readonly positional?: boolean;
  /** Values with their own syntax. */
  readonly syntax?: "size" | "layers" | "path" | "columns" | "text";
  /** With `named`: the name of an entry without one. */
  readonly unnamed?: string;
  /** The kind that a list stands for; its items are the kind's `of`. */
  readonly listed?: string;
  /** The path of the field that describes the same kinds. */
  readonly like?: string;
  /** How the names of files end that the kind takes. */
  readonly endings?: readonly string[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

export const ROOT: SchemaNode = schema;
const LAYER: SchemaNode = schema.$defs.layer;

export const deref = (node: SchemaNode): SchemaNode => (node.$ref === undefined ? node : LAYER);

/** The field that holds a call's name; undefined if no call is allowed. */
export const tagOf = (node: SchemaNode): string | undefined => node.discriminator?.propertyName ?? node.call;

/** Whether its values are objects without a kind. Layers have their own syntax. */
export const isGroup = (node: SchemaNode): boolean =>
  isOf(node, "object") && tagOf(node) === undefined && node.syntax === undefined;

/** The names of the calls that a node allows. */
export function kindsOf(node: SchemaNode): string[] {
  if (node.discriminator === undefined) return node.call === undefined ? [] : wordsOf(node.properties?.[node.call]);
  return (node.oneOf ?? []).map((kind) => String(kind.properties?.[tagOf(node) ?? ""]?.const));
}

/** The node of a kind. A `call` node has the same fields for every name, so it is returned itself. */
export function kindNode(node: SchemaNode, kind: string): SchemaNode | undefined {
  if (node.discriminator === undefined) return node.call === undefined ? undefined : node;
  return node.oneOf?.find((one) => one.properties?.[tagOf(node) ?? ""]?.const === kind);
}

/** The kind that takes a path: by the end of its name, or else the first that takes paths. */
export function kindOfPath(node: SchemaNode, path: string): string | undefined {
  const field = (kind: string) => kindNode(node, kind)?.properties?.path;
  const withPath = kindsOf(node).filter((kind) => kindNode(node, kind)?.required?.includes("path"));
  return withPath.find((kind) => field(kind)?.endings?.some((ending) => path.endsWith(ending))) ?? withPath[0];
}

/** The node of a field, or of an item of a map. */
export function fieldNode(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  return typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
}

/** The node of the columns of a kind, whose names are those of modalities; undefined if it has none. */
export function columnsOf(node: SchemaNode): SchemaNode | undefined {
  const free = fieldNode(node, "*");
  return free?.syntax === "columns" ? free : undefined;
}

/** The fields of a group or call, except the one that holds the call's name. */
export function fieldsOf(node: SchemaNode): string[] {
  return Object.entries(node.properties ?? {})
    .filter(([name, field]) => field.const === undefined && name !== node.call)
    .map(([name]) => name);
}

export const wordsOf = (node: SchemaNode | undefined): string[] =>
  [...(node?.enum ?? []), ...(node?.words ?? [])].map(String);

const isOf = (node: SchemaNode, type: string) => [node.type].flat().includes(type);

/** The allowed values in words: “a whole number from 1 to 256”. */
export function wanted(node: SchemaNode): string {
  const kinds = kindsOf(node);
  const words = wordsOf(node);
  const choices: string[] = words.length > 0 ? [words.length > 1 ? `one of ${ticked(words)}` : ticked(words)] : [];
  if (isOf(node, "integer")) choices.push(`a whole number${range(node)}`);
  if (isOf(node, "number")) choices.push(`a number${range(node)}`);
  if (isOf(node, "boolean")) choices.push("`true` or `false`");
  if (node.syntax === "size") choices.push("a size, height × width, such as `32x32`");
  else if (node.syntax === "layers") choices.push("products and sums of block names");
  else if (node.syntax === "path") choices.push(`a path in quotes${isOf(node, "array") ? ", or a list of paths" : ""}`);
  else if (node.syntax === "text") choices.push("a text in quotes");
  else if (node.syntax === "columns") choices.push("the name of a column, or a list of names");
  else if (isOf(node, "string") && words.length === 0) choices.push("a name");
  else if (isOf(node, "array")) choices.push(`a list${count(node)}`);
  if (kinds.length > 0) choices.push(kinds.length > 1 ? `one of ${ticked(kinds)}` : ticked(kinds));
  else if (isGroup(node)) choices.push("a group `{ … }`");
  return choices.join(", or ");
}

const ticked = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

function range(node: SchemaNode): string {
  const { leastNonzero } = node;
  return leastNonzero === undefined ? bounds(node) : `${bounds(node)}, if not 0 at least ${leastNonzero}`;
}

function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string {
  const low = minimum === undefined ? exclusiveMinimum : minimum;
  const high = maximum === undefined ? exclusiveMaximum : maximum;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const parts = [
    low === undefined ? "" : minimum === undefined ? ` above ${low}` : ` of ${low} or more`,
    high === undefined ? "" : maximum === undefined ? ` below ${high}` : ` up to ${high}`,
  ];
  return parts.filter((part) => part !== "").join(" and");
}

export function count({ minItems, maxItems }: SchemaNode): string {
  if (minItems !== undefined && minItems === maxItems) return ` of ${minItems} items`;
  if (minItems !== undefined && maxItems !== undefined) return ` of ${minItems} to ${maxItems} items`;
  if (minItems !== undefined) return ` of ${minItems} item${minItems === 1 ? "" : "s"} or more`;
  return maxItems === undefined ? "" : ` of at most ${maxItems} items`;
}

/** An example of a field as it is written. */
export function exampleOf(name: string, node: SchemaNode): string {
  const given = node.examples?.[0];
  if (given?.startsWith(`${name} {`)) return given;
  if (given !== undefined && !node.named && typeof node.additionalProperties === "object")
    return `${name} { ${given} }`;
  if (given !== undefined) return new RegExp(`^${name}\\b|\\(`).test(given) && node.named ? given : `${name}: ${given}`;
  const kinds = kindsOf(node);
  if (kinds[0] !== undefined) return `${name}: ${kinds[0]}`;
  if (node.syntax === "size") return `${name}: 32x32`;
  if (node.syntax === "path") return `${name}: "data.jsonl"`;
  if (isOf(node, "object")) return `${name} { … }`;
  if (node.default !== undefined) return `${name}: ${JSON.stringify(node.default).replaceAll('"', "")}`;
  const sample: Readonly<Record<string, number>> = { d_model: 256, length: 512, steps: 2000, batch: 16, vocab: 32000 };
  return `${name}: ${sample[name] ?? Math.max(node.minimum ?? 0, 1)}`;
}

export interface Field {
  /** Includes kinds as steps: `train.optimizer.adamw.lr`. */
  readonly path: readonly string[];
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** All fields and kinds, depth first in the schema's order. */
export function allFields(): Field[] {
  return fieldsBelow(ROOT, []);
}

function fieldsBelow(node: SchemaNode, path: readonly string[]): Field[] {
  if (node.like !== undefined) return [];
  const inside =
    node.named === true || typeof node.additionalProperties === "object" ? fieldNode(node, "*") : undefined;
  if (inside !== undefined && node.properties === undefined) return fieldsBelow(inside, path);
  const kinds = tagOf(node) === "kind" ? kindsOf(node) : [];
  const ofKinds = kinds.flatMap((kind) => {
    const below = kindNode(node, kind) ?? {};
    return [{ path: [...path, kind], node: below, required: false }, ...fieldsBelow(below, [...path, kind])];
  });
  const own = Object.entries(node.properties ?? {}).filter(([, field]) => field.const === undefined);
  const items = node.items === undefined || node.syntax === "layers" ? [] : fieldsBelow(deref(node.items), path);
  return [
    ...ofKinds,
    ...own.flatMap(([name, field]) => {
      const at = [...path, name];
      return [{ path: at, node: field, required: node.required?.includes(name) ?? false }, ...fieldsBelow(field, at)];
    }),
    ...items,
  ];
}

/** The fields that take a word, alone or in a list: a part of a block, `auto`. */
export function fieldsTaking(word: string): Field[] {
  const takes = (node: SchemaNode) =>
    wordsOf(node).includes(word) || (node.call !== undefined && kindsOf(node).includes(word));
  const found = allFields().filter(({ node }) => takes(node) || takes(node.items ?? {}));
  const above = ({ path }: Field) => found.some((one) => one.path.join(".") === path.slice(0, -1).join("."));
  return found.filter((field) => !above(field));
}

/** The fields that a path can mean. It must have the same end, and can leave out steps. */
export function fieldsAt(path: readonly string[]): Field[] {
  const matches = allFields().filter((field) => {
    if (field.path.at(-1) !== path.at(-1)) return false;
    let at = 0;
    for (const step of field.path) if (step === path[at]) at++;
    return at === path.length;
  });
  const exact = matches.filter((field) => field.path.length === path.length);
  return exact.length > 0 ? exact : matches;
}

/**
 * The JSON Schema for users, draft 7. In the internal schema every kind is an object. Here a string is also allowed for a
 * kind that needs no arguments, and the values of a `vary` path can be a list. Validators ignore the language's own
 * keywords (`named`, `call`, `unit`, …).
 */
export function publicSchema(): object {
  return opened(ROOT, []);
}

function opened(node: SchemaNode, path: readonly string[]): object {
  const inside = mapped(node, path);
  const names = kindsOf(node).filter((kind) => needsNothing(node, kind));
  const alternatives = [
    ...(names.length > 0 ? [{ enum: names }] : []),
    ...(path.at(-2) === "vary" ? [{ type: "array", minItems: 1 }] : []),
  ];
  if (alternatives.length === 0) return inside;
  const { description } = node;
  return { ...(description !== undefined && { description }), anyOf: [...alternatives, inside] };
}

/** The node with the schemas in it opened. */
function mapped(node: SchemaNode, path: readonly string[]): object {
  const { properties, additionalProperties, items, oneOf, $defs } = node;
  const each = (fields: Readonly<Record<string, SchemaNode>>): object =>
    Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, opened(field, [...path, key])]));
  return {
    ...node,
    ...(properties && { properties: each(properties) }),
    ...(typeof additionalProperties === "object" && {
      additionalProperties: opened(additionalProperties, [...path, "*"]),
    }),
    ...(items && { items: opened(items, [...path, "*"]) }),
    ...(oneOf && { oneOf: oneOf.map((one) => mapped(one, path)) }),
    ...($defs && { $defs: each($defs) }),
  };
}

function needsNothing(node: SchemaNode, kind: string): boolean {
  return (kindNode(node, kind)?.required ?? []).every((field) => field === tagOf(node));
}
