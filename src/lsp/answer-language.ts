// Completion and hover over the protocol.
import { type CompletionItem, type Connection, InsertTextFormat, MarkupKind } from "vscode-languageserver";
import { beside } from "../front/paths.js";
import { proposalsAt } from "./completion.js";
import type { Costs } from "./costs.js";
import { hoverAt } from "./hover.js";
import { offsetIn, rangeIn } from "./text.js";
import { asked, type Workspace } from "./workspace.js";

/** @param snippets whether the editor takes them */
export function answerLanguage(
  connection: Connection,
  workspace: Workspace,
  costs: Costs,
  snippets: () => boolean,
): void {
  connection.onCompletion(({ textDocument: { uri }, position, context }): CompletionItem[] => {
    const found = asked(workspace, uri);
    if (found === undefined) return [];
    const { source, checked } = found;
    const offset = offsetIn(source, position);
    // A blank asks for proposals only where a value or a name must follow.
    const blank =
      context?.triggerCharacter === " " &&
      !/(?:[:,[(+*]|\b(?:vary|block|modality|remove))[ \t]+$/.test(source.text.slice(0, offset));
    if (blank) return [];
    const list = (folder: string): string[] => workspace.list(beside(source.path, `${folder}x`).replace(/\/?x$/, ""));
    const { start, end, items } = proposalsAt(source, offset, checked.partial, list);
    const range = rangeIn(source, { start, end });
    return items.map(({ label, kind, insert, detail, about }, i) => ({
      label,
      kind,
      sortText: String(i).padStart(4, "0"),
      textEdit: { range, newText: snippets() ? insert : withoutStops(insert) },
      insertTextFormat: snippets() ? InsertTextFormat.Snippet : InsertTextFormat.PlainText,
      ...(detail !== undefined && { detail }),
      ...(about !== undefined && { documentation: { kind: MarkupKind.Markdown, value: about } }),
    }));
  });

  connection.onHover(({ textDocument: { uri }, position }) => {
    const found = asked(workspace, uri);
    if (found === undefined) return null;
    const { source, checked } = found;
    const told = hoverAt(source, offsetIn(source, position), checked, costs);
    if (told === undefined) return null;
    return { contents: { kind: MarkupKind.Markdown, value: told.text }, range: rangeIn(source, told) };
  });
}

/** A snippet as plain text. */
const withoutStops = (snippet: string): string =>
  snippet.replaceAll(/\$\{\d+:([^}]*)\}|\$\{\d+\}|\$\d+/g, "$1").replaceAll(/\\([\\$}])/g, "$1");
