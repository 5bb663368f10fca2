// Formatting as edits of lines, so that cursors and folds stay where nothing changes.
import { diffLines } from "diff";
import type { TextEdit } from "vscode-languageserver";
import { format } from "../../grammar/format.js";
import type { Source } from "../diagnostics/diagnostic.js";
import { rangeIn } from "./text.js";

/** Where more lines change than this, the text is replaced as a whole: finding the fewest edits takes their square. */
const LINES = 4000;

/** What `mom fmt` would change; nothing where there are mistakes of syntax, which are underlined already. */
export function formattingOf(source: Source): TextEdit[] {
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
