// Values that the schema admits, as proposals.
import { CompletionItemKind } from "vscode-languageserver";
import { exampleOf, kindNode, kindsOf, type SchemaNode, tagOf, wanted, wordsOf } from "../front/schema.js";
import type { Json } from "../front/spec.js";
import type { Placed } from "./place.js";
import { fieldText, kindText, shown } from "./schema-text.js";
import { blocksOf, modalitiesOf } from "./spec-names.js";

export interface Proposal {
  readonly label: string;
  readonly kind: CompletionItemKind;
  /** What is written, as a snippet. */
  readonly insert: string;
  /** A few words beside the label. */
  readonly detail?: string;
  /** Markdown. */
  readonly about?: string;
}

export const plain = (label: string, kind: CompletionItemKind): Proposal => ({
  label,
  kind,
  insert: label.replaceAll(/[\\$}]/g, "\\$&"),
});

export function valuesOf({ node, keys }: Placed, spec: Json): Proposal[] {
  const variable = (name: string): Proposal => plain(name, CompletionItemKind.Variable);
  if (node.syntax === "layers") return blocksOf(spec).map((name) => ({ ...variable(name), detail: "block" }));
  if (node.syntax === "path") return [{ ...plain('"…"', CompletionItemKind.File), insert: '"$0"', detail: "a path" }];
  const types = [node.type].flat();
  if (keys.at(-1) === "groups" && types.includes("string"))
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

/** A call with the arguments that it cannot do without. */
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
