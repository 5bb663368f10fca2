// A field's example in the context of a spec, with its full path and the required fields on the way.
import type { Field } from "../src/front/schema.js";
import {
  columnsOf,
  deref,
  exampleOf,
  fieldNode,
  kindNode,
  kindsOf,
  ROOT,
  type SchemaNode,
  tagOf,
} from "../src/front/schema.js";
import { holdsOf, isModality, markersOf } from "../src/modalities/modality.fields.js";
import { isObjective, taughtBy } from "../src/objectives/objective.fields.js";

/** Example names for modalities, blocks and ablations, by kind or by field. */
const NAMES: Readonly<Record<string, string>> = {
  modality: "text",
  block: "mixer",
  attention: "attend",
  ablate: "study",
  vary: "train.seed",
  subsets: "mixer.decouple",
  range: "mixer.d_state",
  grid: "train.optimizer.lr",
  sample: "train.optimizer.lr",
};

/** The example name for a kind. */
function nameOf(step: string, kind: string): string | undefined {
  const ofItems =
    (step === "modality" && isModality(kind) && holdsOf({ kind }) === "items") ||
    (step === "objective" && isObjective(kind) && taughtBy(kind) === "items");
  if (ofItems) return "image";
  // The text, which owns the markers, comes first.
  if (step === "modality" && isModality(kind) && markersOf({ kind }) === "none") return "speech";
  return NAMES[kind];
}

/** Fields that another field needs, which the schema cannot express. */
const BESIDE: Readonly<Record<string, readonly string[]>> = { widen_baseline: ["baseline"] };

/** `train { optimizer: adamw(lr: 0.0003) }` for the path train.optimizer.adamw.lr. */
export const inContext = ({ path }: Field): string => written(ROOT, path);

function written(node: SchemaNode, [step = "", ...rest]: readonly string[]): string {
  const field = fieldNode(node, step) ?? {};
  const [next = ""] = rest;
  if (rest.length === 0) return exampleOf(step, field);
  const isMap = typeof field.additionalProperties === "object";
  const inner = isMap ? (fieldNode(field, "*") ?? {}) : field;
  const isKind = tagOf(inner) === "kind" && kindsOf(inner).includes(next);
  const name = (isKind ? nameOf(step, next) : undefined) ?? NAMES[step] ?? "text";
  const head = field.named === true ? `${step} ${name}` : step;
  if (isKind) {
    const call = called(kindNode(inner, next) ?? {}, next, rest.slice(1));
    return isMap && field.named !== true ? `${step} { ${name}: ${call} }` : `${head}: ${call}`;
  }
  // The required fields of a map's entry. A section can leave its required fields to the rest of the spec.
  const needed =
    field.named === true ? [...(inner.required ?? []), ...(BESIDE[next] ?? [])].filter((one) => one !== next) : [];
  return `${head} { ${[...needed.map((one) => exampleOf(one, fieldNode(inner, one) ?? {})), written(inner, rest)].join(", ")} }`;
}

/** A call with the given field and the required ones. */
function called(node: SchemaNode, kind: string, path: readonly string[]): string {
  const [field] = path;
  const [given] = node.examples ?? [];
  if (field === undefined && given !== undefined) return given;
  // Fields such as `order` need columns, which the last example has.
  const mapped = columnsOf(node) === undefined ? undefined : node.examples?.at(-1);
  if (field !== undefined && mapped !== undefined)
    return node.properties?.[field]?.syntax === "path" || mapped.includes(` ${field}: `)
      ? mapped
      : `${mapped.slice(0, -1)}, ${exampleOf(field, fieldNode(node, field) ?? {})})`;
  const needed = (node.required ?? []).filter((name) => name !== tagOf(node) && name !== "kind");
  const values = [...new Set([...needed, ...(field === undefined ? [] : [field])])].map((name) =>
    argument(node, name, path),
  );
  return values.length === 0 ? kind : `${kind}(${values.join(", ")})`;
}

/** For a field of an item of a list, the list with that item. */
function argument(node: SchemaNode, name: string, [field, inner]: readonly string[]): string {
  const list = fieldNode(node, name) ?? {};
  if (list.positional === true) return exampleOf(name, list).slice(name.length + 2);
  if (name !== field || inner === undefined || list.items === undefined) return exampleOf(name, list);
  const item = deref(list.items);
  const [first = ""] = kindsOf(item);
  const written = inner === item.call ? first : `${first}(${exampleOf(inner, fieldNode(item, inner) ?? {})})`;
  return `${name}: [${written}]`;
}
