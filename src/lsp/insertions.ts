// Entries that a spec lacks, and where they go.
import { parse } from "../../grammar/parse.js";
import type { Entry, FieldEntry, Group } from "../../grammar/tree.js";
import type { Source } from "../diagnostics/diagnostic.js";
import { exampleOf, fieldNode, ROOT } from "../front/schema.js";
import type { Json } from "../front/spec.js";
import type { Edit, Fix, Place } from "./fix.js";
import { kindOf } from "./spec-names.js";
import { indentAt } from "./text.js";

/** The objective that can teach a modality. */
export const objectiveFor = (modality: string, spec: Json): string =>
  kindOf(spec, "modality", modality) === "patches" ? "ddpm" : "cross_entropy";

/** An objective for the modality at the place. */
export function insertObjective({ source, found, spec }: Place): Fix[] {
  const entry = `${found}: ${objectiveFor(found, spec)}`;
  const title = `Add the objective \`${entry}\``;
  const group = fieldsIn(parse(source).entries).find(({ path }) => path.names[0]?.text === "objective")?.group;
  if (group === undefined) return [{ title, edits: [atEnd(source, `objective {\n  ${entry}\n}`)] }];
  return [{ title, edits: [intoGroup(source, group, entry)] }];
}

/** The field that a section, block or call lacks: its own example is written there. */
export function insertField({ source, diagnostic, start }: Place): Fix[] {
  const { example = "", span } = diagnostic;
  const [name] = /^\w+/.exec(example) ?? [];
  if (name === undefined) return [];
  const title = `Add \`${name}\``;
  const owner = allFields(parse(source).entries).find(
    ({ path, kind }) => (kind ?? path).span.start === start || path.span.start === start,
  );
  if (span?.end === 0 || owner === undefined) return [{ title, edits: [atEnd(source, section(name, example))] }];
  if (owner.group !== undefined) return [{ title, edits: [intoGroup(source, owner.group, example)] }];
  if (owner.value?.type !== "call") return [];
  const { args = [], span: call } = owner.value;
  const text = `${args.length > 0 ? ", " : ""}${example}`;
  const [at, inner] = owner.value.args === undefined ? [call.end, `(${text})`] : [call.end - 1, text];
  return [{ title, edits: [{ start: at, end: at, text: inner }] }];
}

const fieldsIn = (entries: readonly Entry[]): FieldEntry[] => entries.filter((entry) => entry.type === "field");
const allFields = (entries: readonly Entry[]): FieldEntry[] =>
  fieldsIn(entries).flatMap((entry) => [entry, ...allFields(entry.group?.entries ?? [])]);

/** A section with the fields that it cannot do without. */
function section(name: string, example: string): string {
  const node = fieldNode(ROOT, name);
  if (node === undefined || !example.includes("…")) return example;
  const fields = (node.required ?? []).map((field) => `  ${exampleOf(field, fieldNode(node, field) ?? {})}`);
  return `${name} {\n${fields.join("\n")}\n}`;
}

function atEnd({ text }: Source, entry: string): Edit {
  const end = text.trimEnd().length;
  return { start: end, end: text.length, text: `${end === 0 ? "" : "\n\n"}${entry}\n` };
}

/** After the last entry of a group, on a line of its own where the group has lines. */
function intoGroup({ text }: Source, { entries, span }: Group, entry: string): Edit {
  const last = entries.at(-1);
  const at = last?.span.end ?? span.start + 1;
  const isClosed = text[span.end - 1] === "}";
  if (!text.slice(span.start, span.end).includes("\n")) {
    const after = last === undefined ? " " : ", ";
    return { start: at, end: at, text: `${after}${entry}${last === undefined && isClosed ? " " : ""}` };
  }
  const indent = indentAt(text, last?.span.start ?? span.start);
  const ofLine = last === undefined ? at : at + (/^[^\r\n]*/.exec(text.slice(at))?.[0].length ?? 0);
  const from = isClosed ? Math.min(ofLine, Math.max(at, span.end - 1)) : ofLine;
  return { start: from, end: from, text: `\n${indent}${last === undefined ? "  " : ""}${entry}` };
}
