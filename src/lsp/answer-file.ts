// Quick fixes, formatting, outline and inlay hints over the protocol.
import { type CodeAction, CodeActionKind, type Connection } from "vscode-languageserver";
import type { Costs } from "./costs.js";
import { diagnosticsOf } from "./diagnostics.js";
import { fixesOf } from "./fixes.js";
import { formattingOf } from "./formatting.js";
import { inlaysOf } from "./inlays.js";
import { outlineOf } from "./outline.js";
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
