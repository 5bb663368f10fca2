// Mistakes between files: imports and removals.
import type { Diagnostic, Span } from "./diagnostic.js";
import { suggestion } from "./nearest.js";

const error = (code: string, title: string, message: string, span: Span, help?: string): Diagnostic => ({
  code,
  severity: "error",
  title,
  message,
  span,
  ...(help === undefined ? {} : { help }),
});

export const importMissing = (span: Span, path: string): Diagnostic =>
  error(
    "import-missing",
    "File not found",
    `There is no file \`${path}\`.`,
    span,
    "Paths are relative to the file that imports.",
  );

export const importOutside = (span: Span, path: string): Diagnostic =>
  error(
    "import-outside",
    "Outside the project",
    `\`${path}\` is outside the project's folder, and a spec may only read what is inside.`,
    span,
    "Copy the file into the project. Its folder is that of the nearest package.json, or of the spec.",
  );

export const importCycle = (span: Span, chain: readonly string[]): Diagnostic =>
  error(
    "import-cycle",
    "Imports in a circle",
    `This import leads back to itself: ${chain.join(" → ")}.`,
    span,
    "Remove one of these imports.",
  );

export const importInside = (span: Span): Diagnostic =>
  error(
    "import-inside",
    "Import inside a group",
    "Imports stand outside of every group.",
    span,
    "Move it to the top of the file.",
  );

export const tooManyImports = (span: Span, limit: number): Diagnostic =>
  error(
    "too-many-imports",
    "Too many imports",
    `This would be file number ${limit + 1} of the spec; the limit is ${limit}.`,
    span,
  );

export const nothingToRemove = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  error(
    "nothing-to-remove",
    "Nothing to remove",
    `No imported file gives a \`${name}\` here.`,
    span,
    known.length === 0 ? "`remove` takes away what an imported file has." : suggestion(name, known),
  );
