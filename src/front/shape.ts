// Turns a merged document into a spec as JSON, guided by the schema: a bare name is a call if the schema has kinds, an
// argument without a name goes to the positional field, and products and sums become lists of layers.
import { numberOf, type Value, type Word } from "../../grammar/tree.js";
import type { Span } from "../diagnostics/diagnostic.js";
import * as report from "../diagnostics/fields.js";
import type { Member, Section } from "./document.js";
import { shapeLayers } from "./layers.js";
import { rebase } from "./paths.js";
import { below, fieldName } from "./places.js";
import {
  exampleOf,
  fieldNode,
  fieldsOf,
  isGroup,
  kindNode,
  kindsOf,
  type SchemaNode,
  tagOf,
  wanted,
} from "./schema.js";
import type { Shaping } from "./shaping.js";
import type { Json } from "./spec.js";

type Fields = Record<string, Json>;

/** The members of a group, without those that have no value. */
export function shapeSection(section: Section, node: SchemaNode, pointer: string, shaping: Shaping): Fields {
  const fields: Fields = {};
  for (const [key, member] of section.members) {
    const at = below(pointer, key);
    const shape = () => shapeMember(member, fieldNode(node, key) ?? {}, at, shaping);
    // If nothing follows a name, the syntax is broken, which has been reported.
    const unread = member.value === undefined && member.section === undefined;
    const value = unread ? shape() : reported(shaping, at, member.name, shape);
    if (value !== undefined) fields[key] = value;
  }
  return fields;
}

/** If shaping gives no value and no message, reports a general one, so that nothing is left out silently. */
function reported(shaping: Shaping, pointer: string, word: Word, shape: () => Json | undefined): Json | undefined {
  const before = shaping.diagnostics.length;
  const value = shape();
  if (value === undefined && shaping.diagnostics.length === before) {
    const span = shaping.places.get(pointer)?.value ?? word.span;
    shaping.diagnostics.push(report.wrongType(span, word.text, shaping.textOf(span), "a value that the schema knows"));
  }
  return value;
}

/** The value of a member for the schema's `node`; undefined if an error was reported. */
export function shapeMember(member: Member, node: SchemaNode, pointer: string, shaping: Shaping): Json | undefined {
  const { name, value, section } = member;
  shaping.places.set(pointer, { value: value?.span ?? member.span, key: name.span });
  const known = node.type !== undefined;
  if (member.container && known && !node.named) {
    const second = section?.members.values().next().value;
    if (second !== undefined)
      shaping.diagnostics.push(report.takesNoName(second.name.span, name.text, second.name.text));
    return undefined;
  }
  if (value !== undefined && node.named && node.unnamed !== undefined) {
    if (value.type === "list") {
      const expected = "one source; several sets have a name each";
      const found = shaping.textOf(value.span);
      shaping.diagnostics.push(report.wrongType(value.span, name.text, found, expected, node.examples?.[1]));
      return undefined;
    }
    const shaped = shapeValue(value, fieldNode(node, node.unnamed) ?? {}, below(pointer, node.unnamed), shaping);
    return shaped === undefined ? undefined : { [node.unnamed]: shaped };
  }
  if (value !== undefined && node.named) {
    shaping.diagnostics.push(report.needsName(name.span, name.text, exampleOf(name.text, node)));
    return undefined;
  }
  if (section === undefined) return value && shapeValue(value, node, pointer, shaping);
  if (value === undefined) return shapeSection(section, node, pointer, shaping);
  if (value.type !== "call") {
    const found = shaping.textOf(value.span);
    shaping.diagnostics.push(
      report.wrongType(value.span, name.text, found, `${wanted(node)}; only a kind has a group`),
    );
    return undefined;
  }
  const kind = kindNode(node, value.name.text) ?? {};
  const tag = tagOf(node) ?? "kind";
  shaping.places.set(below(pointer, tag), { value: value.name.span });
  const given = shapeArguments(value, kind, tag, pointer, shaping);
  for (const [key, { name: repeated }] of section.members) {
    const earlier = shaping.places.get(below(pointer, key));
    if (key === tag) shaping.diagnostics.push(kindGivenAgain(repeated.span, key, value.name.text, kind));
    else if (Object.hasOwn(given, key) && earlier !== undefined)
      shaping.diagnostics.push(report.duplicate(repeated.span, key, earlier.key ?? earlier.value));
  }
  const fields = shapeSection(section, kind, pointer, shaping);
  // The kind comes first, and is always that of the call.
  return { [tag]: value.name.text, ...given, ...fields, [tag]: value.name.text };
}

/** The name of a call is its kind, which a field of the same name would replace. */
const kindGivenAgain = (span: Span, key: string, name: string, kind: SchemaNode) =>
  report.unknownField(span, key, `\`${name}\``, fieldsOf(kind));

/** Values that no column's name can be. */
const UNFIT: ReadonlySet<Value["type"]> = new Set(["size", "map", "sum", "product"]);

/** A value for the schema's `node`; undefined if an error was reported. */
export function shapeValue(value: Value, node: SchemaNode, pointer: string, shaping: Shaping): Json | undefined {
  const { places, diagnostics, textOf } = shaping;
  if (!places.has(pointer)) places.set(pointer, { value: value.span });
  if (node.syntax === "layers") return shapeLayers(value, pointer, shaping);
  const tag = tagOf(node);
  // Whether the name of the column is known decides which error the validator's is.
  if (node.syntax === "columns" && UNFIT.has(value.type)) return {};
  switch (value.type) {
    case "number":
      return numberOf(value.text);
    case "boolean":
      return value.value;
    case "size":
      // The validator needs some value below an unknown field or kind.
      if (node.syntax === "size" || node.type === undefined) return value.text;
      diagnostics.push(report.wrongType(value.span, fieldName(pointer), value.text, wanted(node)));
      return undefined;
    case "string":
      return tag === undefined ? text(value, node, shaping) : call(value, node, tag, pointer, shaping);
    case "list": {
      if (node.listed !== undefined) return listed(value, node.listed, node, pointer, shaping);
      const items = value.items.map((item, i) => shapeValue(item, node.items ?? {}, below(pointer, i), shaping));
      return items.some((item) => item === undefined) ? undefined : items.filter((item) => item !== undefined);
    }
    case "map":
      return shapeMap(value, node, pointer, shaping);
    case "call":
      if (tag !== undefined) return call({ ...value, text: value.name.text }, node, tag, pointer, shaping);
      if (value.args === undefined) return text({ text: value.name.text, span: value.span }, node, shaping);
      // The validator reports an unknown field, and needs some value there.
      if (node.type === undefined) return call({ ...value, text: value.name.text }, node, "kind", pointer, shaping);
      diagnostics.push(report.wrongType(value.span, fieldName(pointer), textOf(value.span), wanted(node)));
      return undefined;
    case "sum":
    case "product":
      diagnostics.push(report.misplacedSum(value.span));
      return undefined;
  }
}

/** An object without a kind. */
function shapeMap(
  { entries, span }: Extract<Value, { type: "map" }>,
  node: SchemaNode,
  pointer: string,
  shaping: Shaping,
): Json | undefined {
  const { places, diagnostics, textOf } = shaping;
  // The validator reports an unknown field, and needs some value there.
  const takesMap = node.type === undefined || (isGroup(node) && !node.named);
  if (!takesMap) {
    const field = fieldName(pointer);
    if (node.discriminator === undefined) diagnostics.push(report.wrongType(span, field, textOf(span), wanted(node)));
    else diagnostics.push(report.missingKind(span, field, kindsOf(node)));
    return undefined;
  }
  const fields: Fields = {};
  for (const { name, value } of entries) {
    const at = below(pointer, name.text);
    const earlier = places.get(at);
    if (name.text === "__proto__") diagnostics.push(report.reservedName(name.span, name.text));
    else if (Object.hasOwn(fields, name.text) && earlier !== undefined)
      diagnostics.push(report.duplicate(name.span, name.text, earlier.key ?? earlier.value));
    else {
      places.set(at, { value: value.span, key: name.span });
      const shaped = reported(shaping, at, name, () =>
        shapeValue(value, fieldNode(node, name.text) ?? {}, at, shaping),
      );
      if (shaped !== undefined) fields[name.text] = shaped;
    }
  }
  return fields;
}

/** A list that stands for a call of a kind, whose items are its `of`. */
function listed(
  value: Extract<Value, { type: "list" }>,
  kind: string,
  node: SchemaNode,
  pointer: string,
  shaping: Shaping,
): Json | undefined {
  const tag = tagOf(node) ?? "kind";
  const at = below(pointer, "of");
  shaping.places.set(below(pointer, tag), { value: value.span });
  shaping.places.set(at, { value: value.span });
  const items = shapeValue(value, fieldNode(kindNode(node, kind) ?? {}, "of") ?? {}, at, shaping);
  return items === undefined ? undefined : { [tag]: kind, of: items };
}

function text(word: Word, node: SchemaNode, { entry, placed }: Shaping): string {
  if (node.syntax !== "path") return word.text;
  return placed ? placed(word.text) : rebase(word.text, word.span.path, entry);
}

function call(
  value: Word & { readonly name?: Word; readonly args?: Extract<Value, { type: "call" }>["args"] },
  node: SchemaNode,
  tag: string,
  pointer: string,
  shaping: Shaping,
): Json {
  const name = value.name ?? { text: value.text, span: value.span };
  shaping.places.set(below(pointer, tag), { value: name.span });
  const kind = kindNode(node, name.text) ?? {};
  const given = shapeArguments({ name, ...(value.args && { args: value.args }) }, kind, tag, pointer, shaping);
  return { [tag]: name.text, ...given };
}

function shapeArguments(
  { name, args }: { readonly name: Word; readonly args?: Extract<Value, { type: "call" }>["args"] },
  kind: SchemaNode,
  tag: string,
  pointer: string,
  shaping: Shaping,
): Fields {
  const fields: Fields = {};
  for (const { name: given, value } of args ?? []) {
    const key = given?.text ?? Object.entries(kind.properties ?? {}).find(([, field]) => field.positional)?.[0];
    if (key === undefined) {
      // The arguments of an unknown call are unknown, too.
      if (kind.type !== undefined)
        shaping.diagnostics.push(report.unnamedArgument(value.span, name.text, fieldsOf(kind)));
      continue;
    }
    const at = below(pointer, key);
    const earlier = shaping.places.get(at);
    if (key === tag) shaping.diagnostics.push(kindGivenAgain(given?.span ?? value.span, key, name.text, kind));
    else if (key === "__proto__") shaping.diagnostics.push(report.reservedName(given?.span ?? value.span, key));
    else if (Object.hasOwn(fields, key) && earlier !== undefined) {
      // Two arguments without names are a syntax error, which has been reported.
      if (given !== undefined || earlier.key !== undefined)
        shaping.diagnostics.push(report.duplicate(given?.span ?? value.span, key, earlier.key ?? earlier.value));
    } else {
      shaping.places.set(at, { value: value.span, ...(given && { key: given.span }) });
      const field = fieldNode(kind, key) ?? {};
      const word = given ?? { text: key, span: value.span };
      const shaped = reported(shaping, at, word, () => shapeValue(value, field, at, shaping));
      if (shaped !== undefined) fields[key] = shaped;
    }
  }
  return fields;
}
