// `mom explain`: describes a field or a kind from the schema, or an error from the table of codes.

import pc from "picocolors";
import { codeOf, ERROR_NAMES, ERRORS, type ErrorName, errorNamed, exampleMessage } from "../../diagnostics/codes.js";
import { diagnosticOf } from "../../diagnostics/diagnostic.js";
import { EXAMPLES } from "../../diagnostics/examples.gen.js";
import { Failure } from "../../diagnostics/failure.js";
import { listed, nearest } from "../../diagnostics/nearest.js";
import {
  allFields,
  columnsOf,
  exampleOf,
  type Field,
  fieldNode,
  fieldsAt,
  fieldsOf,
  fieldsTaking,
  kindNode,
  kindsOf,
  type SchemaNode,
  wanted,
} from "../../front/schema.js";
import { coloured } from "../colour.js";
import { EXIT, type Verb } from "../verb.js";

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument(
        "<topic>",
        "a field such as `d_state` or `train.optimizer.lr`, a kind, a part of a block, or an error code such as `MOM0103`",
      )
      .option("--json", "print JSON")
      .action((topic: string, options: { readonly json?: true }) => {
        const meant = fieldsAt(topic.split("."));
        const fields = meant.length > 0 ? meant : fieldsTaking(topic);
        const named = errorNamed(topic);
        if (fields.length === 0 && named === undefined) throw new Failure([unknown(topic)]);
        const c = pc.createColors(coloured(process.stdout));
        const text = options.json
          ? `${JSON.stringify([...fields.map(asJson), ...(named ? [errorAsJson(named)] : [])], null, 2)}\n`
          : [...fields.map(asText), ...(named ? [errorAsText(named, c)] : [])].join("\n");
        process.stdout.write(text);
        finish(EXIT.done);
      });
  },
};

function unknown(topic: string) {
  const last = topic.split(".").at(-1) ?? "";
  const names = [...new Set(allFields().map((field) => field.path.at(-1) ?? ""))];
  const fields = nearest(last, names).flatMap((name) => fieldsAt([name]).map((field) => field.path.join(".")));
  const codes = ERROR_NAMES.flatMap((name) => [name, codeOf(name)]);
  const near = [...fields, ...nearest(topic.toUpperCase().startsWith("MOM") ? topic.toUpperCase() : topic, codes)];
  return diagnosticOf(
    "nothing-to-explain",
    `\`${topic}\` is not a field, a kind, a part of a block or an error code.`,
    {
      help:
        near.length > 0
          ? `Did you mean ${listed(near.slice(0, 5), "or")}?`
          : "`mom explain model` lists the fields of a model.",
    },
  );
}

function asText({ path, node, required }: Field): string {
  const c = pc.createColors(coloured(process.stdout));
  const line = (label: string, text: string): string => `  ${c.cyan(label.padEnd(8))} ${text}\n`;
  const name = path.at(-1) ?? "";
  const isKind = Object.values(node.properties ?? {}).some((field) => field.const === name);
  let text = `${c.bold(path.join("."))}${required ? " (required)" : ""}\n  ${node.description ?? ""}\n`;
  if (!isKind) text += line("value", wanted(node));
  const items = node.items && kindsOf(node.items);
  if (items !== undefined && items.length > 0) text += line("of", listed(items, "and"));
  if (node.unit !== undefined) text += line("unit", node.unit);
  if (node.default !== undefined) text += line("default", shown(node.default));
  if (!isKind) for (const example of node.examples ?? [exampleOf(name, node)]) text += line("example", example);
  for (const kind of kindsOf(node)) {
    const below = node.discriminator === undefined ? undefined : kindNode(node, kind);
    if (below !== undefined) text += line(kind, below.description ?? "");
  }
  const fields = node.call === undefined ? fieldsOf(node) : [];
  const width = Math.max(0, ...fields.map((field) => field.length)) + 1;
  for (const field of fields)
    text += `  ${c.cyan(field.padEnd(width))} ${node.properties?.[field]?.description ?? ""}\n`;
  const columns = columnsOf(node);
  if (columns !== undefined) text += `  All other names are those of modalities. ${columns.description}\n`;
  const { like } = fieldNode(node, "*") ?? {};
  if (like !== undefined) text += `  Its kinds are those of ${c.cyan(like)}.\n`;
  return text;
}

/** A default value in the notation of a spec. */
function shown(value: SchemaNode["default"]): string {
  if (typeof value === "object" && value !== null && "kind" in value) return String(value.kind);
  return JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", ");
}

const asJson = ({ path, node, required }: Field): object => ({
  path: path.join("."),
  description: node.description,
  value: wanted(node),
  required,
  default: node.default,
  unit: node.unit,
  fields: fieldsOf(node),
  kinds: kindsOf(node),
  items: node.items && kindsOf(node.items),
});

interface Example {
  /** A spec with the error, and the fixed spec. Absent if no spec can show the error. */
  readonly spec?: string;
  readonly fixed?: string;
  readonly message: string;
}

function shownExample(name: ErrorName): Example | undefined {
  const message = exampleMessage(name);
  return EXAMPLES[codeOf(name)] ?? (message === undefined ? undefined : { message });
}

function errorAsText(name: ErrorName, c: ReturnType<typeof pc.createColors>): string {
  const { title, meaning, severity = "error" } = ERRORS[name];
  const example = shownExample(name);
  const head = `${c.bold(`${codeOf(name)} ${title}`)} ${c.dim(`[${name}, ${severity === "error" ? "an error" : "a warning"}]`)}\n  ${meaning}\n`;
  if (example === undefined) return head;
  const indented = (text: string): string => text.trimEnd().replaceAll(/^(?=.)/gm, "    ");
  const part = (label: string, text: string | undefined): string =>
    text === undefined ? "" : `\n  ${c.cyan(label)}\n${indented(text)}\n`;
  return [
    head,
    part("a spec with this error", example.spec),
    part("the message", example.message),
    part("the fixed spec", example.fixed),
  ].join("");
}

function errorAsJson(name: ErrorName): object {
  const { number: _, severity = "error", ...rest } = ERRORS[name];
  return { code: codeOf(name), name, severity, ...rest, example: shownExample(name) };
}
