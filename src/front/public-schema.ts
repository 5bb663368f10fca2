// The JSON Schema for those who write specs in JSON: the compiler's own, and what it reads besides. It checks JSON in
// which every kind is an object; a name alone may stand for a kind that needs no arguments, and what varies is
// a list as often as a call that makes one.
import { kindNode, kindsOf, ROOT, type SchemaNode, tagOf } from "./schema.js";

/** Draft 7. What the language needs and the draft does not have (`named`, `call`, `unit`, …) says nothing to a validator. */
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
