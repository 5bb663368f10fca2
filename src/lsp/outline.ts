// A file's outline: its sections, and in them what has a name.
import { type DocumentSymbol, SymbolKind } from "vscode-languageserver";
import { parse } from "../../grammar/parse.js";
import { printPath } from "../../grammar/print.js";
import type { Entry } from "../../grammar/tree.js";
import type { Source } from "../diagnostics/diagnostic.js";
import { rangeIn } from "./text.js";

const KINDS: Readonly<Record<string, SymbolKind>> = {
  block: SymbolKind.Class,
  modality: SymbolKind.Variable,
  ablate: SymbolKind.Event,
  vary: SymbolKind.Array,
};

/** Longer values are cut. */
const DETAIL = 60;

export const outlineOf = (source: Source): DocumentSymbol[] => symbols(parse(source).entries, source);

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
