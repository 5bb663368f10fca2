// The language reference, generated from the schema: every section, kind and field, with type, range, default and unit.
import {
  allFields,
  columnsOf,
  type Field,
  fieldNode,
  fieldsOf,
  kindsOf,
  type SchemaNode,
  wanted,
} from "../src/front/schema.js";
import { escapeHtml } from "./html.js";
import { inContext } from "./in-context.js";
import { codeBlock, type Heading, type Rendered } from "./markdown.js";

/** A search entry: a title, its place, and its words. */
export interface Entry {
  readonly id: string;
  readonly title: string;
  /** Its short name. */
  readonly name: string;
  readonly text: string;
}

/** Text of the schema as HTML, with code in backticks marked up. */
export const ticked = (text: string): string => escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");

/** A default value as it is written in a spec. */
function shown(value: SchemaNode["default"]): string {
  if (typeof value === "object" && value !== null && "kind" in value) return String(value.kind);
  return JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", ");
}

/** Whether a path ends in a kind, such as `train.optimizer.adamw`, instead of a field. */
const isKind = ({ path, node }: Field): boolean =>
  Object.values(node.properties ?? {}).some((field) => field.const === path.at(-1));

/** A generated part of a page. */
export interface MadePart extends Rendered {
  readonly entries: readonly Entry[];
}

export function reference(): MadePart {
  const fields = allFields();
  const html = fields
    .map((field) => (field.path.length === 1 ? section(field) : isKind(field) ? kind(field) : one(field)))
    .join("\n");
  const headings: Heading[] = fields
    .filter((field) => field.path.length === 1 || isKind(field))
    .map(({ path }) => ({
      level: path.length === 1 ? 2 : 3,
      id: path.join("."),
      text: path.slice(path.length === 1 ? 0 : -2).join(": "),
    }));
  const entries = fields.map(({ path, node }) => ({
    id: path.join("."),
    title: path.join("."),
    name: path.at(-1) ?? "",
    text: `${node.description} ${wanted(node)}`.replaceAll("`", ""),
  }));
  return { html, headings, entries };
}

const anchor = (id: string): string => `<a class="anchor" href="#${id}" aria-label="Link to this">#</a>`;

function section({ path, node, required }: Field): string {
  const [name = ""] = path;
  const inside = typeof node.additionalProperties === "object" ? fieldNode(node, "*") : undefined;
  const examples = (node.examples ?? []).map((text) => (node.named === true ? text : `${name} { ${text} }`));
  return [
    `<h2 id="${name}"><code>${name}</code> ${anchor(name)}</h2>`,
    `<p>${ticked(node.description ?? "")}${required ? "" : " May be left out."}</p>`,
    inside === undefined ? listOf(name, node) : "",
    examples.length === 0 ? "" : codeBlock(examples.join("\n"), "mom"),
  ].join("\n");
}

/** A table of the fields of a section or a kind. */
function listOf(path: string, node: SchemaNode): string {
  const links = fieldsOf(node).map((field) => `<a href="#${path}.${field}"><code>${field}</code></a>`);
  return links.length === 0 ? "" : `<p class="fields">${links.join(" ")}</p>`;
}

function kind({ path, node }: Field): string {
  const id = path.join(".");
  const name = path.at(-1) ?? "";
  const columns = columnsOf(node);
  return [
    `<h3 id="${id}"><span class="of">${path.slice(0, -1).join(".")}:</span> <code>${name}</code> ${anchor(id)}</h3>`,
    `<p>${ticked(node.description ?? "")}</p>`,
    listOf(id, node),
    columns === undefined ? "" : `<p>All other keys are names of modalities. ${ticked(columns.description ?? "")}</p>`,
    codeBlock(inContext({ path, node, required: false }), "mom"),
  ].join("\n");
}

function one(field: Field): string {
  const { path, node, required } = field;
  const id = path.join(".");
  const row = (label: string, value: string | undefined): string =>
    value === undefined ? "" : `<dt>${label}</dt><dd>${value}</dd>`;
  const kinds = node.discriminator === undefined ? kindsOf(inner(node)) : kindsOf(node);
  // The kinds of a field that is like another one are described there.
  const of = inner(node).like ?? node.like ?? id;
  const ofKinds = kinds.map((name) => `<a href="#${of}.${name}"><code>${name}</code></a>`).join(" ");
  return [
    `<section class="field" id="${id}">`,
    `<h4><span class="of">${path.slice(0, -1).join(".")}.</span><code>${path.at(-1)}</code>${required ? ' <span class="required">required</span>' : ""} ${anchor(id)}</h4>`,
    `<p>${ticked(node.description ?? "")}</p>`,
    "<dl>",
    kinds.length > 0 && inner(node).call === undefined ? row("kinds", ofKinds) : row("value", ticked(wanted(node))),
    row("default", node.default === undefined ? undefined : `<code>${escapeHtml(shown(node.default))}</code>`),
    row("unit", node.unit === undefined ? undefined : escapeHtml(node.unit)),
    "</dl>",
    codeBlock(inContext(field), "mom"),
    "</section>",
  ].join("\n");
}

/** The entries of a map, if the field is one. */
const inner = (node: SchemaNode): SchemaNode =>
  (typeof node.additionalProperties === "object" ? fieldNode(node, "*") : undefined) ?? node;
