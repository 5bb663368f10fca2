// What is told beside the text: parameters and FLOPs of blocks and of the stack, variants of ablations.
import { type InlayHint, InlayHintKind, type Range } from "vscode-languageserver";
import { parse } from "../../grammar/parse.js";
import type { Entry, FieldEntry } from "../../grammar/tree.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Checked } from "../front/check.js";
import type { CheckedSpec } from "../front/spec.js";
import { type Costs, flopsText, parametersText } from "./costs.js";
import { variantsOf } from "./hover.js";
import { offsetIn, rangeIn } from "./text.js";

/** Of the lines in a range; none while the spec is wrong. */
export function inlaysOf(source: Source, range: Range, { spec }: Checked, costs: Costs): InlayHint[] {
  if (spec === undefined) return [];
  const [from, to] = [offsetIn(source, range.start), offsetIn(source, range.end)];
  const entries = parse(source).entries.flatMap((entry) => [entry, ...inModel(entry)]);
  return entries.flatMap((entry): InlayHint[] => {
    if (entry.type !== "field") return [];
    const at = endOfLine(source.text, entry.value?.span.start ?? entry.path.span.end);
    if (at < from || entry.span.start > to) return [];
    const label = labelOf(entry, spec, costs);
    if (label === undefined) return [];
    const position = rangeIn(source, { start: at, end: at }).start;
    return [{ position, label, kind: InlayHintKind.Type, paddingLeft: true }];
  });
}

const inModel = (entry: Entry): readonly Entry[] =>
  entry.type === "field" && entry.path.names[0]?.text === "model" ? (entry.group?.entries ?? []) : [];

function labelOf({ kind, path }: FieldEntry, spec: CheckedSpec, costs: Costs): string | undefined {
  const name = path.names[0]?.text ?? "";
  switch (kind?.names[0]?.text) {
    case "block": {
      const block = spec.model.blocks.findIndex((one) => one.name === name);
      if (block < 0) return undefined;
      const cost = costs.ofBlock(spec, block);
      return `${parametersText(cost)} · ${flopsText(cost)} a token`;
    }
    case "ablate": {
      const ablation = spec.ablations.find((one) => one.name === name);
      return ablation && `${variantsOf(ablation).toLocaleString("en-US")} variants`;
    }
    case undefined: {
      if (name !== "layers") return undefined;
      const cost = costs.ofModel(spec);
      return `${spec.model.layers.length} layers · ${parametersText(cost)} · ${flopsText(cost)} a token`;
    }
    default:
      return undefined;
  }
}

function endOfLine(text: string, offset: number): number {
  const rest = /^[^\r\n]*/.exec(text.slice(offset))?.[0] ?? "";
  return offset + rest.trimEnd().length;
}
