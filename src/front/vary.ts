// Paths of a spec, as in `vary` and `baseline`: `mixer.d_state`, `train.optimizer.lr`.
import type { Word } from "../../grammar/tree.js";
import { pathToGroup, unknownPath } from "../diagnostics/ablate.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { below, keysOf } from "./places.js";
import { fieldNode, fieldsOf, isGroup, kindNode, ROOT, type SchemaNode, tagOf } from "./schema.js";
import type { Json } from "./spec.js";

export interface Target {
  readonly path: string;
  readonly pointer: string;
  readonly node: SchemaNode;
}

type JsonObject = { readonly [key: string]: Json };
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** How a path begins: its keys from the top of the spec, and how many of them it does not write. */
export interface PathStart {
  readonly keys: readonly string[];
  readonly before: number;
}

/** Finds the section, block or modality that a path starts with. */
export function startOf(path: Word, json: Json, diagnostics: Diagnostic[]): PathStart | undefined {
  const keys = path.text.split(".");
  const [head = ""] = keys;
  const namesOf = (kind: string) => Object.keys(valueIn(json, `/model/${kind}`) ?? {});
  const named = ["block", "modality"].find((kind) => namesOf(kind).includes(head));
  if (named !== undefined) return { keys: ["model", named, ...keys], before: 2 };
  const sections = fieldsOf(ROOT).filter((name) => name !== "ablate");
  if (sections.includes(head)) return { keys, before: 0 };
  const starts = [...sections, ...namesOf("block"), ...namesOf("modality")];
  diagnostics.push(unknownPath(path.span, head, "The spec", starts, pathsLike(path.text, json)));
  return undefined;
}

/** The error for a key of a path that does not exist. */
export const stepUnknown = (path: Word, { keys, before }: PathStart, step: number, known: readonly string[]) =>
  unknownPath(path.span, keys[step] ?? "", `\`${keys.slice(before, step).join(".")}\``, known);

/** Resolves a path, which starts with a section, a block or a modality and ends at a field or a kind. */
export function targetOf(path: Word, json: Json, diagnostics: Diagnostic[]): Target | undefined {
  const start = startOf(path, json, diagnostics);
  if (start === undefined) return undefined;
  let node = ROOT;
  let value: Json | undefined = json;
  let pointer = "";
  for (const [i, key] of start.keys.entries()) {
    const known = keysBelow(node, value);
    if (!known.includes(key)) {
      diagnostics.push(stepUnknown(path, start, i, known));
      return undefined;
    }
    node = fieldNode(kindIn(node, value), key) ?? {};
    value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    pointer = below(pointer, key);
  }
  if (!isGroup(node)) return { path: path.text, pointer, node };
  diagnostics.push(pathToGroup(path.span, path.text, keysBelow(node, value)));
  return undefined;
}

/** Paths that end with the given one (`train.seed` for `seed`), or with which it ends (`mixer.d_state` for `block.mixer.d_state`). */
const pathsLike = (text: string, json: Json) =>
  allPaths(json)
    .map(({ path }) => path)
    .filter((path) => path.endsWith(`.${text}`) || text.endsWith(`.${path}`));

/** All paths that can vary: fields of blocks and modalities, by name, and of sections. */
export function allPaths(json: Json): Target[] {
  const visit = (path: string, pointer: string, node: SchemaNode): Target[] => {
    const value = valueIn(json, pointer);
    const itself = isGroup(node) ? [] : [{ path, pointer, node }];
    const fields = node.named ? [] : keysBelow(node, value);
    const inside = fields.map((key) => ({ key, field: fieldNode(kindIn(node, value), key) ?? {} }));
    return [...itself, ...inside.flatMap(({ key, field }) => visit(`${path}.${key}`, below(pointer, key), field))];
  };
  const named = ["block", "modality"].flatMap((kind) => {
    const node = fieldNode(fieldNode(fieldNode(ROOT, "model") ?? {}, kind) ?? {}, "*") ?? {};
    const names = Object.keys(valueIn(json, `/model/${kind}`) ?? {});
    return names.flatMap((name) => visit(name, below(`/model/${kind}`, name), node));
  });
  const sections = fieldsOf(ROOT).filter((name) => name !== "ablate");
  return [...named, ...sections.flatMap((name) => visit(name, below("", name), fieldNode(ROOT, name) ?? {}))];
}

/** The node of a value's kind, if its node lists kinds. */
export function kindIn(node: SchemaNode, value: Json | undefined): SchemaNode {
  const tag = tagOf(node);
  const kind = tag !== undefined && isObject(value) ? value[tag] : undefined;
  return typeof kind === "string" ? (kindNode(node, kind) ?? node) : node;
}

/** The fields of a value's kind, and the names in it. */
export function keysBelow(node: SchemaNode, value: Json | undefined): string[] {
  const kind = kindIn(node, value);
  if (typeof kind.additionalProperties !== "object") return fieldsOf(kind);
  const own = new Set(Object.keys(kind.properties ?? {}));
  return [...fieldsOf(kind), ...Object.keys(isObject(value) ? value : {}).filter((key) => !own.has(key))];
}

/** `json` with another value at a pointer, whose groups must exist. Unchanged values are shared. */
export function withValue(json: Json, pointer: string, value: Json): Json {
  const put = (at: Json, [key, ...rest]: readonly string[]): Json =>
    key === undefined ? value : isObject(at) ? { ...at, [key]: put(at[key] ?? {}, rest) } : at;
  return put(json, keysOf(pointer));
}

export function valueIn(json: Json, pointer: string): Json | undefined {
  return keysOf(pointer).reduce<Json | undefined>((at, key) => (isObject(at) ? at[key] : undefined), json);
}

/**
 * A copy of a spec's JSON with other values at dotted paths.
 * @throws Error if a path does not exist; those of a checked ablation do
 */
export function withSettings(json: Json, settings: Readonly<Record<string, Json>>): Json {
  const varied = Object.entries(settings).reduce((made, [path, value]) => {
    const target = targetOf({ text: path, span: { path: "", start: 0, end: 0 } }, made, []);
    if (target === undefined) throw new Error(`the spec has no path ${path}`);
    return withValue(made, target.pointer, value);
  }, json);
  return structuredClone(varied);
}

/** The value at a dotted path; undefined if there is none. */
export function valueAtPath(json: Json, path: string): Json | undefined {
  const target = targetOf({ text: path, span: { path: "", start: 0, end: 0 } }, json, []);
  return target && valueIn(json, target.pointer);
}
