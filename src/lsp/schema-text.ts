// The schema's description of a field or kind, as Markdown.
import { exampleOf, fieldsOf, kindNode, kindsOf, type SchemaNode, tagOf, wanted } from "../front/schema.js";
import type { Json } from "../front/spec.js";

/** A field: its meaning, its type, its default. */
export function fieldText(name: string, node: SchemaNode, required: boolean): string {
  const facts: string[] = [];
  const takes = wanted(node);
  if (takes !== "") facts.push(`takes ${takes}`);
  if (node.unit !== undefined) facts.push(`unit: ${node.unit}`);
  if (node.default !== undefined) facts.push(`default: \`${shown(node.default)}\``);
  if (required) facts.push("required");
  const kinds = tagOf(node) === "kind" ? kindsOf(node) : [];
  return [
    `**${name}**`,
    node.description ?? "",
    facts.map((fact) => `- ${fact}`).join("\n"),
    ...(kinds.length > 0
      ? [kinds.map((kind) => `- \`${kind}\`: ${kindNode(node, kind)?.description}`).join("\n")]
      : []),
    `\`\`\`mom\n${exampleOf(name, node)}\n\`\`\``,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** A kind: its meaning, its fields. */
export function kindText(name: string, node: SchemaNode): string {
  const fields = fieldsOf(node).map((field) => {
    const about = node.properties?.[field] ?? {};
    const default_ = about.default === undefined ? "" : ` Default: \`${shown(about.default)}\`.`;
    return `- \`${field}\`${node.required?.includes(field) ? " (required)" : ""}: ${about.description ?? ""}${default_}`;
  });
  return [`**${name}**`, node.description ?? "", fields.join("\n")].filter((part) => part !== "").join("\n\n");
}

/** A value in the notation of a spec. */
export function shown(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => shown(item)).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  const name = "kind" in value ? value.kind : "part" in value ? value.part : undefined;
  return name === undefined ? "{ … }" : String(name);
}
