// Settings such as `train.steps=2000`, which change a spec before it is checked. A setting is an entry of the language with `=`
// in place of its first `:`, so its errors are those of the field.
import { parse } from "../../grammar/parse.js";
import type { Entry, Word } from "../../grammar/tree.js";
import { pathToGroup } from "../diagnostics/ablate.js";
import { isError, type Source } from "../diagnostics/diagnostic.js";
import { missingKind } from "../diagnostics/fields.js";
import { unexpected } from "../diagnostics/syntax.js";
import { gather } from "./document.js";
import { below, fieldName, keysOf } from "./places.js";
import { fieldNode, isGroup, kindsOf, ROOT, type SchemaNode, tagOf } from "./schema.js";
import { shapeMember } from "./shape.js";
import type { Shaping } from "./shaping.js";
import type { Json } from "./spec.js";
import { isObject, keysBelow, kindIn, startOf, stepUnknown, type Target, valueIn } from "./vary.js";

export interface Settings {
  /** Each `PATH=VALUE`, in order; a later one wins. */
  readonly texts: readonly string[];
  /** Makes a path in a value, which is relative to the working folder, relative to the spec's folder. */
  readonly placed: (path: string) => string;
}

/** The settings as sources, for messages. */
export const settingSources = (texts: readonly string[]): Source[] =>
  texts.map((text, index) => ({ path: index === 0 ? "--set" : `--set ${index + 1}`, text }));

/** The spec with the settings. Their places are added to `shaping.places`. */
export function withSet(json: Json, { texts, placed }: Settings, shaping: Shaping): Json {
  return settingSources(texts).reduce<Json>((all, source) => {
    const { entries, diagnostics } = parse({ ...source, text: source.text.replace("=", ":") });
    shaping.diagnostics.push(...diagnostics);
    if (diagnostics.some(isError)) return all;
    return entries.reduce<Json>((made, entry) => withEntry(made, entry, { ...shaping, placed }), all);
  }, json);
}

function withEntry(json: Json, entry: Entry, shaping: Shaping): Json {
  const { diagnostics, places } = shaping;
  if (entry.type !== "field" || entry.kind !== undefined) {
    const found = `\`${shaping.textOf(entry.span)}\``;
    diagnostics.push(unexpected(entry.span, found, "a path and its value, such as train.steps=2000"));
    return json;
  }
  const { names } = entry.path;
  const target = targetOf(
    { text: names.map(({ text }) => text).join("."), span: entry.path.span },
    names,
    json,
    shaping,
  );
  const [member] = gather([entry], diagnostics).members.values();
  if (target === undefined || member === undefined) return json;
  const { pointer, node } = target;
  for (const place of [...places.keys()]) if (`${place}/`.startsWith(`${pointer}/`)) places.delete(place);
  const value = shapeMember({ ...member, name: names.at(-1) as Word }, node, pointer, shaping);
  return value === undefined ? json : put(json, ROOT, keysOf(pointer), value);
}

/** `json` with a value at the end of a path. Groups on the way that are missing have their defaults. */
function put(json: Json | undefined, node: SchemaNode, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value;
  const group = json ?? node.default ?? {};
  const own = isObject(group) ? group : {};
  const inside = Object.hasOwn(own, key) ? own[key] : undefined;
  return { ...own, [key]: put(inside, fieldNode(kindIn(node, own), key) ?? {}, rest, value) };
}

/**
 * Where a path leads, by the rule for the paths of `vary`. If the schema does not know the last field, that is left to the
 * validator, which reports it as it does in a file.
 */
function targetOf(
  path: Word,
  names: readonly Word[],
  json: Json,
  { diagnostics, places }: Shaping,
): Target | undefined {
  const start = startOf(path, json, diagnostics);
  if (start === undefined) return undefined;
  let [pointer, node]: [string, SchemaNode] = ["", ROOT];
  let value: Json | undefined = json;
  for (const [i, key] of start.keys.entries()) {
    const word = names[i - start.before] ?? { text: key, span: path.span };
    const whole: Json | undefined = value ?? node.default;
    const kind = kindIn(node, whole);
    if (tagOf(node) !== undefined && kind === node && node.discriminator !== undefined) {
      diagnostics.push(missingKind(word.span, fieldName(pointer), kindsOf(node)));
      return undefined;
    }
    const known = keysBelow(kind, whole);
    const goesOn = i + 1 < start.keys.length;
    if (fieldNode(kind, key) === undefined && (goesOn || known.length === 0)) {
      diagnostics.push(stepUnknown(path, start, i, known));
      return undefined;
    }
    if (!places.has(pointer))
      places.set(pointer, { value: path.span, key: (names[i - start.before - 1] ?? path).span });
    value = isObject(whole) && Object.hasOwn(whole, key) ? whole[key] : undefined;
    node = fieldNode(kind, key) ?? {};
    pointer = below(pointer, key);
  }
  if (!isGroup(node) || node.unnamed !== undefined) return { path: path.text, pointer, node };
  diagnostics.push(pathToGroup(path.span, path.text, keysBelow(node, valueIn(json, pointer))));
  return undefined;
}
