// The schema of a spec as the front reads it: which fields and kinds there are, and how they are said in words.
import { schema } from "../../grammar/schema.gen.js";
import type { Json } from "./spec.js";

/** A node of grammar/spec.schema.json. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: Json;
  readonly examples?: readonly string[];
  /** What a number counts. */
  readonly unit?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly oneOf?: readonly SchemaNode[];
  readonly discriminator?: { readonly propertyName: string };
  readonly const?: Json;
  readonly enum?: readonly Json[];
  /** Names that stand for a value where numbers do, as `auto`. */
  readonly words?: readonly string[];
  /** A number is 0 or at least this: less would be 0 in 32 bits. */
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
  /** Written as a call whose name is this field, where there is no discriminator. */
  readonly call?: string;
  /** An argument that may go without its name. */
  readonly positional?: boolean;
  /** Values with a notation of their own. */
  readonly syntax?: "size" | "layers" | "path";
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

export const ROOT: SchemaNode = schema;
const LAYER: SchemaNode = schema.$defs.layer;

export const deref = (node: SchemaNode): SchemaNode => (node.$ref === undefined ? node : LAYER);

/** The field that holds a call's name; undefined where no call is wanted. */
export const tagOf = (node: SchemaNode): string | undefined => node.discriminator?.propertyName ?? node.call;

/** The names of the calls that a node admits. */
export function kindsOf(node: SchemaNode): string[] {
  if (node.discriminator === undefined) return node.call === undefined ? [] : wordsOf(node.properties?.[node.call]);
  return (node.oneOf ?? []).map((kind) => String(kind.properties?.[tagOf(node) ?? ""]?.const));
}

/** The node of one kind; for a `call` node, which has the same fields for every name, the node itself. */
export function kindNode(node: SchemaNode, kind: string): SchemaNode | undefined {
  if (node.discriminator === undefined) return node.call === undefined ? undefined : node;
  return node.oneOf?.find((one) => one.properties?.[tagOf(node) ?? ""]?.const === kind);
}

/** The node of a field, or of an item of a map. */
export function fieldNode(node: SchemaNode, key: string): SchemaNode | undefined {
  if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return node.properties[key];
  return typeof node.additionalProperties === "object" ? node.additionalProperties : undefined;
}

/** The fields of a group or call, without the one that holds the call's name. */
export function fieldsOf(node: SchemaNode): string[] {
  return Object.entries(node.properties ?? {})
    .filter(([name, field]) => field.const === undefined && name !== node.call)
    .map(([name]) => name);
}

export const wordsOf = (node: SchemaNode | undefined): string[] =>
  [...(node?.enum ?? []), ...(node?.words ?? [])].map(String);

const isOf = (node: SchemaNode, type: string): boolean => [node.type].flat().includes(type);

/** What a value must be, in words: “a whole number from 1 to 256”. */
export function wanted(node: SchemaNode): string {
  const kinds = kindsOf(node);
  const words = wordsOf(node);
  const choices: string[] = words.length > 0 ? [words.length > 1 ? `one of ${ticked(words)}` : ticked(words)] : [];
  if (isOf(node, "integer")) choices.push(`a whole number${range(node)}`);
  if (isOf(node, "number")) choices.push(`a number${range(node)}`);
  if (isOf(node, "boolean")) choices.push("`true` or `false`");
  if (node.syntax === "size") choices.push("a size, height × width, such as `32x32`");
  else if (node.syntax === "layers") choices.push("products and sums of block names");
  else if (node.syntax === "path") choices.push("a path in quotes");
  else if (isOf(node, "string") && words.length === 0) choices.push("a name");
  else if (isOf(node, "array")) choices.push(`a list${count(node)}`);
  if (kinds.length > 0) choices.push(kinds.length > 1 ? `one of ${ticked(kinds)}` : ticked(kinds));
  else if (isOf(node, "object") && node.syntax === undefined) choices.push("a group `{ … }`");
  return choices.join(", or ");
}

const ticked = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(", ");

export function range(node: SchemaNode): string {
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

/** An example of a field as it would be written. */
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
