// Hover: the schema's description of the word at a position, and the costs of blocks, layers and ablations.
import * as t from "../../grammar/tokens.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Checked } from "../front/check.js";
import { columnsOf, fieldNode, kindNode, kindsOf, ROOT, type SchemaNode, tagOf } from "../front/schema.js";
import type { Ablation, Json } from "../front/spec.js";
import { kindIn, targetOf, valueIn } from "../front/vary.js";
import { type Costs, costTable } from "../inspect/block-cost.js";
import { blocksOf, kindOf, modalitiesOf } from "./answer-names.js";
import { type Cursor, cursorAt, headOf } from "./cursor.js";
import { type Placed, placeOfFrames, placeOfValue } from "./place.js";
import { fieldText, kindText, shown } from "./schema-text.js";

export interface HoverText {
  readonly start: number;
  readonly end: number;
  /** Markdown. */
  readonly text: string;
}

export function hoverAt(source: Source, offset: number, checked: Checked, costs: Costs): HoverText | undefined {
  const cursor = cursorAt(source, offset);
  if (cursor === undefined || cursor.string !== undefined || cursor.word.text === "") return undefined;
  const text = textFor(cursor, checked, costs);
  return text === undefined ? undefined : { start: cursor.word.start, end: cursor.word.end, text };
}

function textFor(cursor: Cursor, checked: Checked, costs: Costs): string | undefined {
  const { word, entry, frames, next } = cursor;
  const spec = checked.partial;
  const place = placeOfFrames(frames, spec);
  const opener = frames.length === 1 ? t.LeftBrace : frames.at(-1)?.opener.tokenType;
  const { kind, name, value } = headOf(entry);
  const known = (): string | undefined =>
    blocksOf(spec).includes(word.text)
      ? blockText(word.text, checked, costs)
      : modalitiesOf(spec).includes(word.text)
        ? modalityText(word.text, spec)
        : undefined;
  const isPath = (of: string | undefined): boolean => of === "vary" || place.keys[2] === "baseline";

  if (opener === t.LeftBrace && value === undefined) {
    if (place.keys[0] === "ablate" && isPath(kind ?? name)) {
      const isFirst = entry.at(-1)?.tokenType !== t.Dot;
      return (isFirst ? known() : undefined) ?? pathText(cursor, checked);
    }
    if (name !== undefined && name !== "remove") return name === "ablate" ? ablationText(word.text, checked) : known();
    if (name === "remove" || place.keys[0] === "objective") return known();
    return keyText(word.text, place, checked, costs);
  }
  if (opener === t.LeftParen && value === undefined && next?.tokenType === t.Colon)
    return keyText(word.text, place, checked, costs);
  return valueText(word.text, placeOfValue(cursor, spec)) ?? known();
}

/** The text for a field; for `layers` also the cost of the model. */
function keyText(key: string, { node, keys }: Placed, checked: Checked, costs: Costs): string | undefined {
  const field = fieldNode(node, key);
  if (field === undefined || (node.properties?.[key] === undefined && field !== columnsOf(node))) return undefined;
  const about = fieldText(key, field, node.required?.includes(key) ?? false);
  const { spec } = checked;
  if (key !== "layers" || keys[0] !== "model" || spec === undefined) return about;
  const count = spec.model.layers.length;
  return `${about}\n\n**${count} ${count === 1 ? "layer" : "layers"}; the model**\n\n${costTable(costs.ofModel(spec))}`;
}

/** The text for a kind, a word, or an item of `decouple`. */
function valueText(word: string, { node, keys }: Placed): string | undefined {
  const field = keys.at(-1) ?? "";
  const kinds = kindsOf(node);
  if (kinds.includes(word)) {
    const own = kindNode(node, word) ?? {};
    return tagOf(node) === "kind" ? kindText(word, own) : `**${word}**\n\n${node.description ?? ""}`;
  }
  const isWord = [...(node.enum ?? []), ...(node.words ?? []), true, false].some((one) => String(one) === word);
  return isWord ? fieldText(field, node, false) : undefined;
}

/** The text for a step of a path of `vary`: a block or a field. */
function pathText({ word, entry }: Cursor, { partial }: Checked): string | undefined {
  const names = entry
    .filter(({ tokenType, image }) => tokenType === t.Name && image !== "vary")
    .map(({ image }) => image);
  const path = [...names, word.text];
  const target = targetOf({ text: path.join("."), span: { path: "", start: 0, end: 0 } }, partial, []);
  if (target !== undefined) return fieldText(target.path, target.node, false);
  return path.length === 1 && ROOT.properties?.[word.text] !== undefined
    ? fieldText(word.text, ROOT.properties[word.text] ?? {}, false)
    : undefined;
}

function blockText(name: string, { spec, partial }: Checked, costs: Costs): string {
  const kind = kindOf(partial, "block", name);
  const head = `**${name}**: block of kind ${kind === undefined ? "unknown" : `\`${kind}\``}`;
  const index = spec?.model.blocks.findIndex((block) => block.name === name) ?? -1;
  const block = spec?.model.blocks[index];
  if (spec === undefined || block === undefined) return head;
  const owned = Object.entries(block.fields.parts).filter(([, { groups }]) => groups > 1);
  const copies = owned.map(([part, { groups }]) => `${part} × ${groups}`).join(", ");
  const times = spec.model.layers.filter((layer) => layer === index).length;
  const stack = `Cost of one layer. Layers in the model: ${times}.`;
  const facts = `${stack} ${copies === "" ? "All parts are shared." : `Copies: ${copies}.`}`;
  return `${head}\n\n${facts}\n\n${costTable(costs.ofBlock(spec, index))}`;
}

function modalityText(name: string, spec: Json): string {
  const value = valueIn(spec, "/model/modality");
  const own =
    typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
  const kind = kindOf(spec, "modality", name);
  const node: SchemaNode = ["model", "modality", "*"].reduce<SchemaNode>((at, key) => fieldNode(at, key) ?? {}, ROOT);
  const fields = typeof own === "object" && own !== null ? Object.entries(own).filter(([key]) => key !== "kind") : [];
  const given = fields.map(([key, set]: [string, Json]) => `- \`${key}\`: ${shown(set)}`).join("\n");
  const about = kind === undefined ? "" : (kindIn(node, { kind }).description ?? "");
  return [`**${name}**: modality of kind \`${kind ?? "unknown"}\``, about, given]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** The number of variants of an ablation. */
export function variantsOf({ axes, widen_baseline }: Ablation): number {
  return axes.reduce((product, { values }) => product * values.length, 1) + (widen_baseline ? 1 : 0);
}

function ablationText(name: string, { spec }: Checked): string | undefined {
  const ablation = spec?.ablations.find((one) => one.name === name);
  if (ablation === undefined) return undefined;
  const axes = ablation.axes.map(({ path, values }) => `- \`${path}\`: ${values.length} values`).join("\n");
  return `**${name}**: ${variantsOf(ablation)} variants\n\n${axes}`;
}
