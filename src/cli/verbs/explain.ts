// mom explain: what a field means, from the schema.
import pc from "picocolors";
import { Failure } from "../../diagnostics/failure.js";
import { nearest, suggestion } from "../../diagnostics/nearest.js";
import { allFields, type Field, fieldsAt } from "../../front/fields.js";
import { exampleOf, fieldsOf, kindNode, kindsOf, type SchemaNode, wanted } from "../../front/schema.js";
import { coloured } from "../colour.js";
import { EXIT, type Verb } from "../verb.js";

export const verb: Verb = {
  declare(command, finish) {
    command
      .argument("<path>", "a field, as `d_state` or `train.optimizer.lr`")
      .option("--json", "print JSON")
      .action((path: string, options: { readonly json?: true }) => {
        const found = fieldsAt(path.split("."));
        if (found.length === 0) throw new Failure([unknown(path)]);
        const text = options.json ? `${JSON.stringify(found.map(asJson), null, 2)}\n` : found.map(asText).join("\n");
        process.stdout.write(text);
        finish(EXIT.done);
      });
  },
};

function unknown(path: string) {
  const fields = allFields();
  const last = path.split(".").at(-1) ?? "";
  const names = [...new Set(fields.map((field) => field.path.at(-1) ?? ""))];
  const near = nearest(last, names).flatMap((name) => fieldsAt([name]).map((field) => field.path.join(".")));
  const help =
    near.length > 0 ? suggestion("", near.slice(0, 5))?.replace("Known here", "Did you mean one of these") : undefined;
  return {
    code: "unknown-path",
    severity: "error" as const,
    title: "Unknown field",
    message: `The schema has no field \`${path}\`.`,
    help: help ?? "`mom explain model` begins at the top.",
  };
}

function asText({ path, node, required }: Field): string {
  const c = pc.createColors(coloured(process.stdout));
  const line = (label: string, text: string): string => `  ${c.cyan(label.padEnd(8))} ${text}\n`;
  const name = path.at(-1) ?? "";
  const isKind = Object.values(node.properties ?? {}).some((field) => field.const === name);
  let text = `${c.bold(path.join("."))}${required ? " (required)" : ""}\n  ${node.description ?? ""}\n`;
  if (!isKind) text += line("value", wanted(node));
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
  return text;
}

/** A default as it would be written. */
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
});
