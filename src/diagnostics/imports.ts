// Mistakes between files: imports and removals.
import { allowHelp } from "./allow.js";
import type { MistakeName } from "./codes.js";
import { type Diagnostic, mistake, type Span } from "./diagnostic.js";
import { listed, nearest, suggestion } from "./nearest.js";

const error = (name: MistakeName, message: string, span: Span, help?: string): Diagnostic =>
  mistake(name, message, { span, ...(help === undefined ? {} : { help }) });

/** @param beside names of the specs where the path leads */
export const importMissing = (span: Span, path: string, beside: readonly string[]): Diagnostic => {
  const [folder, name] = [path.slice(0, path.lastIndexOf("/") + 1), path.slice(path.lastIndexOf("/") + 1)];
  const near = nearest(name, beside).map((one) => folder + one);
  const meant = near.length > 0 ? `Did you mean ${listed(near, "or")}? ` : "";
  const help = `${meant}Paths are relative to the file that imports.`;
  return error("import-missing", `There is no file \`${path}\`.`, span, help);
};

/** @param folder what would have to be allowed */
export const importOutside = (span: Span, path: string, folder: string): Diagnostic =>
  error("import-outside", `\`${path}\` is outside the project's folder.`, span, allowHelp(folder));

/** @param reason a clause */
export const importUnreadable = (span: Span, path: string, reason: string): Diagnostic =>
  error("import-missing", `\`${path}\` cannot be read: ${reason}.`, span, "Name a spec's file.");

export const importCycle = (span: Span, chain: readonly string[]): Diagnostic =>
  error(
    "import-cycle",
    `This import leads back to itself: ${chain.join(" → ")}.`,
    span,
    "Remove one of these imports.",
  );

export const importInside = (span: Span): Diagnostic =>
  error("import-inside", "Imports stand outside of every group.", span, "Move it to the top of the file.");

export const tooManyImports = (span: Span, limit: number): Diagnostic =>
  error("too-many-imports", `This would be file number ${limit + 1} of the spec; the limit is ${limit}.`, span);

export const nothingToRemove = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  error(
    "nothing-to-remove",
    `No imported file gives a \`${name}\` here.`,
    span,
    known.length === 0 ? "`remove` takes away what an imported file has." : suggestion(name, known),
  );
