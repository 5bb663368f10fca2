// Quick fixes, formatting, outline and inlay hints over the protocol.

import { diffLines } from "diff";
import {
  type CodeAction,
  CodeActionKind,
  type Connection,
  type DocumentSymbol,
  type InlayHint,
  InlayHintKind,
  type Range,
  SymbolKind,
  type TextEdit,
} from "vscode-languageserver";
import { format } from "../../grammar/format.js";
import { parse } from "../../grammar/parse.js";
import { printPath } from "../../grammar/print.js";
import type { Entry, FieldEntry } from "../../grammar/tree.js";
import type { Source } from "../diagnostics/diagnostic.js";
import type { Checked } from "../front/check.js";
import type { CheckedSpec } from "../front/spec.js";
import { type Costs, flopsText, parametersText } from "../inspect/block-cost.js";
import { diagnosticsOf, fixesOf } from "./diagnostics.js";
import { variantsOf } from "./hover.js";
import { offsetIn, rangeIn, visible } from "./text.js";
import { asked, pathOf, type Workspace } from "./workspace.js";

export function answerFile(connection: Connection, workspace: Workspace, costs: Costs): void {
  connection.onCodeAction(({ textDocument: { uri }, range }): CodeAction[] => {
    const found = asked(workspace, uri);
    if (found === undefined) return [];
    const { source, checked } = found;
    const [from, to] = [offsetIn(source, range.start), offsetIn(source, range.end)];
    const shown = diagnosticsOf(checked, workspace);
    return checked.diagnostics.flatMap((diagnostic, i): CodeAction[] => {
      const span = diagnostic.span && visible(source, diagnostic.span);
      const told = shown[i];
      if (span === undefined || told === undefined || span.start > to || span.end < from) return [];
      const fixes = fixesOf(diagnostic, source, checked.partial);
      return fixes.map(({ title, edits }, nth) => ({
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [told],
        isPreferred: nth === 0 && fixes.length === 1,
        edit: { changes: { [uri]: edits.map((edit) => ({ range: rangeIn(source, edit), newText: edit.text })) } },
      }));
    });
  });
  connection.onDocumentFormatting(({ textDocument: { uri } }) => {
    const source = workspace.source(pathOf(uri));
    return source === undefined ? [] : formattingOf(source);
  });
  connection.onDocumentSymbol(({ textDocument: { uri } }) => {
    const source = workspace.source(pathOf(uri));
    return source === undefined ? [] : outlineOf(source);
  });
  connection.languages.inlayHint.on(({ textDocument: { uri }, range }) => {
    const found = asked(workspace, uri);
    return found === undefined ? [] : inlaysOf(found.source, range, found.checked, costs);
  });
}

const KINDS: Readonly<Record<string, SymbolKind>> = {
  block: SymbolKind.Class,
  modality: SymbolKind.Variable,
  ablate: SymbolKind.Event,
  vary: SymbolKind.Array,
};

/** Longer values are cut. */
const DETAIL = 60;

const outlineOf = (source: Source): DocumentSymbol[] => symbols(parse(source).entries, source);

function symbols(entries: readonly Entry[], source: Source): DocumentSymbol[] {
  return entries.flatMap((entry): DocumentSymbol[] => {
    const range = rangeIn(source, entry.span);
    if (entry.type === "import")
      return [
        { name: entry.path.text, kind: SymbolKind.File, range, selectionRange: rangeIn(source, entry.path.span) },
      ];
    if (entry.type === "remove") return [];
    const { kind, path, value, group } = entry;
    const written =
      value === undefined ? "" : source.text.slice(value.span.start, value.span.end).replaceAll(/\s+/g, " ");
    const what = kind === undefined ? "" : printPath(kind);
    const detail = [what, written]
      .filter((part) => part !== "")
      .join(": ")
      .slice(0, DETAIL);
    return [
      {
        name: printPath(path),
        ...(detail !== "" && { detail }),
        kind: KINDS[what] ?? (group === undefined ? SymbolKind.Property : SymbolKind.Module),
        range,
        selectionRange: rangeIn(source, path.span),
        ...(group !== undefined && { children: symbols(group.entries, source) }),
      },
    ];
  });
}

/** Of the lines in a range; none while the spec is wrong. */
function inlaysOf(source: Source, range: Range, { spec }: Checked, costs: Costs): InlayHint[] {
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

/** Where more lines change than this, the text is replaced as a whole: finding the fewest edits takes their square. */
const LINES = 4000;

/** What `mom fmt` would change; nothing where there are mistakes of syntax, which are underlined already. */
function formattingOf(source: Source): TextEdit[] {
  const formatted = format(source);
  if (!("text" in formatted) || formatted.text === source.text) return [];
  const parts = diffLines(source.text, formatted.text, { maxEditLength: LINES });
  if (parts === undefined)
    return [{ range: rangeIn(source, { start: 0, end: source.text.length }), newText: formatted.text }];
  const edits: { start: number; end: number; text: string }[] = [];
  let at = 0;
  for (const { value, added, removed } of parts) {
    const last = edits.at(-1);
    const touches = last?.end === at ? last : undefined;
    if (added) {
      if (touches) touches.text += value;
      else edits.push({ start: at, end: at, text: value });
    } else if (removed) {
      if (touches) touches.end += value.length;
      else edits.push({ start: at, end: at + value.length, text: "" });
      at += value.length;
    } else at += value.length;
  }
  return edits.map((edit) => ({ range: rangeIn(source, edit), newText: edit.text }));
}
