// Diagnostics for programs.
import { codeOf } from "./codes.js";
import type { Diagnostic, Source, Span } from "./diagnostic.js";
import { positionOf } from "./render.js";

/** `code` is that of `mom explain`, `name` its readable name. Lines and columns count from 1; `end` is the position after the last character. */
export function diagnosticsAsJson(diagnostics: readonly Diagnostic[], sources: readonly Source[]): object[] {
  const place = (span: Span): object => {
    const text = sources.find(({ path }) => path === span.path)?.text ?? "";
    return { file: span.path, start: positionOf(text, span.start), end: positionOf(text, span.end) };
  };
  return diagnostics.map(({ span, related, name, ...rest }) => ({
    code: codeOf(name),
    name,
    ...rest,
    ...(span && place(span)),
    ...(related && { related: related.map(({ span: other, note }) => ({ note, ...place(other) })) }),
  }));
}
