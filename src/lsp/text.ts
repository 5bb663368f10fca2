// Converts between offsets in a source and the lines and characters of the protocol.
import type { Range } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Source, Span } from "../diagnostics/diagnostic.js";

const documents = new WeakMap<Source, TextDocument>();

function documentOf(source: Source): TextDocument {
  const document = documents.get(source) ?? TextDocument.create(source.path, "mom", 0, source.text);
  documents.set(source, document);
  return document;
}

export const rangeIn = (source: Source, { start, end }: Pick<Span, "start" | "end">): Range => {
  const document = documentOf(source);
  return { start: document.positionAt(start), end: document.positionAt(end) };
};

export const offsetIn = (source: Source, position: Range["start"]): number => documentOf(source).offsetAt(position);

/** The span to underline. An empty span is extended by an adjacent character of its line, if there is one. */
export function visible({ text }: Source, { path, start, end }: Span): Span {
  const ends = (c: string | undefined): boolean => c === undefined || c === "\n" || c === "\r";
  if (end > start) return { path, start, end };
  if (!ends(text[start])) return { path, start, end: start + 1 };
  return start > 0 && !ends(text[start - 1]) ? { path, start: start - 1, end: start } : { path, start, end };
}

/** The indentation of the line of an offset. */
export const indentAt = (text: string, offset: number): string =>
  /(?:^|[\r\n])([ \t]*)[^\r\n]*$/.exec(text.slice(0, offset))?.[1] ?? "";
