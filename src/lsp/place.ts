// The schema's nodes at a cursor: that of the surrounding group, call or list, and that of the value.
import type { IToken } from "../../grammar/chevrotain.js";
import * as t from "../../grammar/tokens.js";
import { below } from "../front/places.js";
import { fieldNode, kindNode, ROOT, type SchemaNode, tagOf } from "../front/schema.js";
import type { Json } from "../front/spec.js";
import { kindIn, targetOf, valueIn } from "../front/vary.js";
import { type Cursor, type Frame, headOf } from "./cursor.js";

/** A node of the schema and its path in a spec's JSON. */
export interface Placed {
  readonly node: SchemaNode;
  readonly keys: readonly string[];
  /** In `vary` and `baseline`: the node of the field that varies. */
  readonly target?: SchemaNode;
}

const ROOT_PLACE: Placed = { node: ROOT, keys: [] };

/** The node of the innermost bracket: that of a group or call, or that of an item of a list. */
export function placeOfFrames(frames: readonly Frame[], spec: Json): Placed {
  let place = ROOT_PLACE;
  let outer: Frame | undefined;
  for (const frame of frames.slice(1)) {
    place = enter(place, outer, frame, spec);
    outer = frame;
  }
  return place;
}

/** The node of the value of the cursor's entry, argument or item. */
export function placeOfValue({ frames, entry }: Cursor, spec: Json): Placed {
  return valuePlace(placeOfFrames(frames, spec), frames.at(-1), entry, spec);
}

/** The node of the field of an entry or argument. */
export function fieldPlace(place: Placed, key: string, spec: Json): Placed {
  const keys = [...place.keys, key];
  const [section, , part] = place.keys;
  const field = fieldNode(place.node, key) ?? {};
  if (section !== "ablate" || place.keys.length !== 3) return { node: field, keys };
  const target = targetOf({ text: key, span: { path: "", start: 0, end: 0 } }, spec, [])?.node ?? {};
  return part === "vary" ? { node: { ...field, items: target }, keys, target } : { node: target, keys };
}

function valuePlace(place: Placed, frame: Frame | undefined, entry: readonly IToken[], spec: Json): Placed {
  const opener = frame?.opener.tokenType;
  if (opener === t.LeftBracket) return place;
  const { kind, name, value } = headOf(entry);
  if (opener === t.LeftParen && frame !== undefined) {
    if (place.node.syntax === "layers") return place;
    if (value !== undefined && name !== undefined) return argument(place, name, spec);
    const positional = Object.entries(place.node.properties ?? {}).find(([, field]) => field.positional)?.[0];
    return positional === undefined ? { node: {}, keys: place.keys } : argument(place, positional, spec);
  }
  if (name === undefined) return { node: {}, keys: place.keys };
  const field = fieldPlace(place, kind ?? name, spec);
  if (kind !== undefined) return fieldPlace(field, name, spec);
  const { unnamed } = field.node;
  return unnamed === undefined ? field : fieldPlace(field, unnamed, spec);
}

/** The node of an argument. The items of `subsets` are those of the field that varies. */
function argument(place: Placed, name: string, spec: Json): Placed {
  const made = fieldPlace(place, name, spec);
  const items = place.target?.items;
  return name === "of" && items !== undefined ? { ...made, node: { ...made.node, items } } : made;
}

/** The node of an item of a list; of a source, for a list of sources. */
function itemsOf(node: SchemaNode): SchemaNode {
  const of = node.listed === undefined ? node : (fieldNode(kindNode(node, node.listed) ?? {}, "of") ?? {});
  return of.items ?? {};
}

function enter(place: Placed, outer: Frame | undefined, frame: Frame, spec: Json): Placed {
  const value = valuePlace(place, outer, frame.head, spec);
  const { node } = value;
  const last = frame.head.at(-1);
  switch (frame.opener.tokenType) {
    case t.LeftBracket:
      if (node.syntax === "layers") return value;
      return { ...value, node: itemsOf(node) };
    case t.LeftParen:
      if (last?.tokenType !== t.Name || node.syntax === "layers") return value;
      return { ...value, node: kindNode(node, last.image) ?? {} };
    default: {
      const [called] = headOf(frame.head).value ?? [];
      if (tagOf(node) === undefined) return value;
      if (called !== undefined) return { ...value, node: kindNode(node, called.image) ?? {} };
      return { ...value, node: kindIn(node, valueIn(spec, value.keys.reduce(below, ""))) };
    }
  }
}
