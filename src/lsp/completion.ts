// Completion: the proposals at a position.

import { CompletionItemKind } from "vscode-languageserver";
import * as t from "../../grammar/tokens.js";
import type { Source } from "../diagnostics/diagnostic.js";
import {
  columnsOf,
  exampleOf,
  fieldNode,
  fieldsOf,
  kindNode,
  kindsOf,
  ROOT,
  type SchemaNode,
  tagOf,
  wanted,
  wordsOf,
} from "../front/schema.js";
import type { Json } from "../front/spec.js";
import { allPaths } from "../front/vary.js";
import { blocksOf, modalitiesOf, objectivesOf } from "./answer-names.js";
import { type Cursor, cursorAt, headOf } from "./cursor.js";
import { type Placed, placeOfFrames, placeOfValue } from "./place.js";
import { fieldText, kindText, shown } from "./schema-text.js";

/** Proposals, and the span that each replaces. */
export interface Proposed {
  readonly start: number;
  readonly end: number;
  readonly items: readonly Proposal[];
}

const NOTHING: Proposed = { start: 0, end: 0, items: [] };

/**
 * @param spec the readable content of the spec with its imports
 * @param list returns the names in a folder, which is relative to that of the file
 */
export function proposalsAt(source: Source, offset: number, spec: Json, list: (folder: string) => string[]): Proposed {
  const cursor = cursorAt(source, offset);
  if (cursor === undefined) return NOTHING;
  if (cursor.string !== undefined) return inString(cursor, offset, source.text, spec, list);
  const { start, end } = cursor.word;
  const frame = cursor.frames.at(-1);
  const opener = cursor.frames.length === 1 ? t.LeftBrace : frame?.opener.tokenType;
  const { value } = headOf(cursor.entry);
  const last = cursor.entry.at(-1);
  const place = placeOfFrames(cursor.frames, spec);

  if (opener === t.LeftBrace && value === undefined) return keys(cursor, place, spec);
  const begins = last === undefined || last.tokenType === t.Colon;
  const goesOn = last?.tokenType === t.Plus || last?.tokenType === t.Times;
  const wanted = placeOfValue(cursor, spec);
  if (!begins && !(goesOn && wanted.node.syntax === "layers")) return NOTHING;
  const named = opener === t.LeftParen && value === undefined && place.node.syntax !== "layers";
  const items = named ? [...argumentsOf(cursor, place, spec), ...valuesOf(wanted, spec)] : valuesOf(wanted, spec);
  return { start, end, items };
}

/** Keys of a group, or the second name of `KIND NAME`. */
function keys({ frames, entry, word }: Cursor, place: Placed, spec: Json): Proposed {
  const { start, end } = word;
  const { kind, name } = headOf(entry);
  const given = frames.at(-1)?.keys ?? [];
  const [section, , part] = place.keys;
  const isMapOfPaths = section === "ablate" && (part === "baseline" || kind === "vary" || name === "vary");
  if (isMapOfPaths) {
    const from = kind === "vary" || part === "baseline" ? entry.find(({ image }) => image !== "vary") : undefined;
    const taken = new Set(given.map((key) => key.name));
    const paths = allPaths(spec).filter(({ path }) => !taken.has(path));
    const items = paths.map(({ path, node }) => ({
      ...plain(path, CompletionItemKind.Property),
      insert: `${path}: `,
      about: fieldText(path, node, false),
    }));
    return { start: from?.startOffset ?? start, end, items };
  }
  if (name === "remove" && kind === undefined) return { start, end, items: removable(place, spec) };
  if (kind !== undefined || name?.includes(".") || entry.at(-1)?.tokenType === t.Dot) return NOTHING;
  if (name !== undefined) {
    const names = name === "block" ? blocksOf(spec) : name === "modality" ? modalitiesOf(spec) : [];
    const taken = new Set(given.filter((key) => key.kind === name).map((key) => key.name));
    const free = names.filter((one) => !taken.has(one));
    return { start, end, items: free.map((one) => plain(one, CompletionItemKind.Variable)) };
  }
  if (section === "objective") {
    const taught = new Set([...objectivesOf(spec), ...given.map((key) => key.name)]);
    const open = modalitiesOf(spec).filter((one) => !taught.has(one) || one === word.text);
    return {
      start,
      end,
      items: open.map((one) => ({ ...plain(one, CompletionItemKind.Variable), insert: `${one}: ` })),
    };
  }
  const fields = fieldsOf(place.node).filter(
    (field) => place.node.properties?.[field]?.named || !given.some((key) => key.name === field),
  );
  const columns = columnProposals(place.node, spec).filter(({ label }) => !given.some((key) => key.name === label));
  const items = [...columns, ...fields.map((field) => fieldProposal(field, place.node))];
  if (place.node === ROOT) {
    const about = "Includes another spec. This file can then change its values.";
    items.push({ ...plain("import", CompletionItemKind.Keyword), insert: 'import "$0"', about });
  }
  return { start, end, items };
}

function fieldProposal(field: string, owner: SchemaNode): Proposal {
  const node = fieldNode(owner, field) ?? {};
  return {
    ...plain(field, CompletionItemKind.Field),
    insert: fieldInsert(field, node),
    about: fieldText(field, node, owner.required?.includes(field) ?? false),
  };
}

/** A field as a snippet, with the braces of a group or the name after its kind. */
function fieldInsert(field: string, node: SchemaNode): string {
  const group = " {\n\t$0\n}";
  if (node.named) {
    const item = fieldNode(node, "*") ?? {};
    if (node.unnamed !== undefined) return `${field}: $0`;
    if (field === "vary") return "vary $0";
    return tagOf(item) === undefined ? `${field} \${1:name}${group}` : `${field} \${1:name}: $0`;
  }
  const isGroup = node.type === "object" && tagOf(node) === undefined;
  return isGroup ? `${field}${group}` : `${field}: $0`;
}

function argumentsOf({ frames }: Cursor, { node }: Placed, spec: Json): Proposal[] {
  const given = frames.at(-1)?.keys ?? [];
  const taken = (name: string): boolean => given.some((key) => key.name === name);
  const fields = fieldsOf(node)
    .filter((field) => !taken(field))
    .map((field) => ({ ...fieldProposal(field, node), insert: `${field}: $0` }));
  return [...columnProposals(node, spec).filter(({ label }) => !taken(label)), ...fields];
}

/** The modalities that columns can be mapped to; none if a name is that of a field. */
function columnProposals(node: SchemaNode, spec: Json): Proposal[] {
  const columns = columnsOf(node);
  if (columns === undefined) return [];
  return modalitiesOf(spec)
    .filter((name) => node.properties?.[name] === undefined)
    .map((name) => ({
      ...plain(name, CompletionItemKind.Variable),
      insert: `${name}: $0`,
      detail: "modality",
      about: fieldText(name, columns, false),
    }));
}

const removable = (place: Placed, spec: Json): Proposal[] => {
  const names = place.keys[0] === "objective" ? objectivesOf(spec) : [...blocksOf(spec), ...modalitiesOf(spec)];
  return names.map((one) => plain(one, CompletionItemKind.Variable));
};

/** File names for a path. */
function inString(
  cursor: Cursor,
  offset: number,
  text: string,
  spec: Json,
  list: (folder: string) => string[],
): Proposed {
  const isImport = cursor.entry.at(-1)?.tokenType === t.Import;
  const { node } = placeOfValue(cursor, spec);
  const positional = Object.values(node.properties ?? {}).some(({ positional: p, syntax }) => p && syntax === "path");
  if (!isImport && node.syntax !== "path" && !positional) return NOTHING;
  const written = text.slice(cursor.word.start + 1, offset);
  const folder = written.slice(0, written.lastIndexOf("/") + 1);
  const start = cursor.word.start + 1 + folder.length;
  const rest = /^[^"'\r\n/]*/.exec(text.slice(offset))?.[0] ?? "";
  const names = list(folder).filter((name) => !isImport || name.endsWith("/") || name.endsWith(".mom"));
  const shownNames = names.filter((name) => !name.startsWith(".") && name !== "node_modules/");
  const items = [...(folder.replaceAll("../", "") === "" ? ["../"] : []), ...shownNames].map((name) =>
    plain(name, name.endsWith("/") ? CompletionItemKind.Folder : CompletionItemKind.File),
  );
  return { start, end: offset + rest.length, items };
}

/** The names that are valid at an offset, for suggestions of a misspelt name. */
export const namesAt = (source: Source, offset: number, spec: Json): string[] =>
  proposalsAt(source, offset, spec, () => []).items.map(({ label }) => label);

interface Proposal {
  readonly label: string;
  readonly kind: CompletionItemKind;
  /** The text to insert, as a snippet. */
  readonly insert: string;
  /** A few words beside the label. */
  readonly detail?: string;
  /** Markdown. */
  readonly about?: string;
}

const plain = (label: string, kind: CompletionItemKind): Proposal => ({
  label,
  kind,
  insert: label.replaceAll(/[\\$}]/g, "\\$&"),
});

function valuesOf({ node, keys }: Placed, spec: Json): Proposal[] {
  const variable = (name: string): Proposal => plain(name, CompletionItemKind.Variable);
  if (node.syntax === "layers") return blocksOf(spec).map((name) => ({ ...variable(name), detail: "block" }));
  if (node.syntax === "path") return [{ ...plain('"…"', CompletionItemKind.File), insert: '"$0"', detail: "a path" }];
  const types = [node.type].flat();
  if ((keys.at(-1) === "groups" || keys.at(-1) === "order") && types.includes("string"))
    return modalitiesOf(spec).map((name) => ({ ...variable(name), detail: "modality" }));
  const kinds = kindsOf(node).map((kind) => kindProposal(kind, node));
  const words = wordsOf(node).map((word) => plain(word, CompletionItemKind.EnumMember));
  const switches = types.includes("boolean") ? ["true", "false"] : [];
  const numbers = types.includes("integer") || types.includes("number") ? numbersOf(node) : [];
  const lists = types.includes("array") ? listsOf(node) : [];
  const sizes = node.syntax === "size" ? [exampleOf("", node).slice(2)] : [];
  return [
    ...kinds,
    ...words,
    ...switches.map((word) => plain(word, CompletionItemKind.Keyword)),
    ...[...numbers, ...sizes].map((text) => ({
      ...plain(text, CompletionItemKind.Value),
      detail: node.default === undefined ? "for example" : "default",
    })),
    ...lists,
  ];
}

function kindProposal(kind: string, node: SchemaNode): Proposal {
  const own = kindNode(node, kind) ?? {};
  if (tagOf(node) !== "kind") {
    const about = `**${kind}**\n\n${node.description ?? ""}`;
    return { ...plain(kind, CompletionItemKind.EnumMember), about };
  }
  return { ...plain(kind, CompletionItemKind.Class), insert: kindInsert(kind, own), about: kindText(kind, own) };
}

/** A call with its required arguments. */
function kindInsert(kind: string, node: SchemaNode): string {
  const required = (node.required ?? []).filter((field) => node.properties?.[field]?.const === undefined);
  const given = required.map((field, i) => {
    const about = node.properties?.[field] ?? {};
    const bare = exampleOf(field, about).replace(/^\w+: /, "");
    const value = about.syntax === "path" ? `"\${${i + 1}}"` : `\${${i + 1}:${bare}}`;
    return about.positional ? value : `${field}: ${value}`;
  });
  return given.length === 0 ? kind : `${kind}(${given.join(", ")})`;
}

const numbersOf = ({ default: usual }: SchemaNode): string[] => (typeof usual === "number" ? [String(usual)] : []);

function listsOf(node: SchemaNode): Proposal[] {
  const open: Proposal = {
    ...plain("[…]", CompletionItemKind.Snippet),
    insert: "[$0]",
    detail: "a list",
    about: fieldText("", node, false).replace(/^\*\*\*\*\s*/, ""),
  };
  const examples = (node.examples ?? []).filter((example) => example.startsWith("["));
  const usual = Array.isArray(node.default) && node.default.length > 0 ? [shown(node.default)] : [];
  const ready = [...new Set([...usual, ...examples])].map((text) => ({
    ...plain(text, CompletionItemKind.Value),
    detail: wanted(node),
  }));
  return [open, ...ready];
}
