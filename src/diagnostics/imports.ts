// Errors in imports and removals.
import { allowHelp } from "./allow.js";
import type { ErrorName } from "./codes.js";
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";
import { listed, nearest, suggestion } from "./nearest.js";

const error = (name: ErrorName, message: string, span: Span, help?: string): Diagnostic =>
  diagnosticOf(name, message, { span, ...(help === undefined ? {} : { help }) });

/** @param beside the names of the specs in the folder of the path */
export const importMissing = (span: Span, path: string, beside: readonly string[]): Diagnostic => {
  const [folder, name] = [path.slice(0, path.lastIndexOf("/") + 1), path.slice(path.lastIndexOf("/") + 1)];
  const near = nearest(name, beside).map((one) => folder + one);
  const meant = near.length > 0 ? `Did you mean ${listed(near, "or")}? ` : "";
  const help = `${meant}Paths are relative to the importing file.`;
  return error("import-missing", `There is no file \`${path}\`.`, span, help);
};

/** @param folder the folder to allow */
export const importOutside = (span: Span, path: string, folder: string): Diagnostic =>
  error("import-outside", `\`${path}\` is outside the project's folder.`, span, allowHelp(folder));

/** @param reason a clause */
export const importUnreadable = (span: Span, path: string, reason: string): Diagnostic =>
  error("import-missing", `\`${path}\` cannot be read: ${reason}.`, span, "Import the file of a spec.");

export const importCycle = (span: Span, chain: readonly string[]): Diagnostic =>
  error("import-cycle", `This import is circular: ${chain.join(" → ")}.`, span, "Remove one of these imports.");

export const importInside = (span: Span): Diagnostic =>
  error("import-inside", "Imports must be outside of all groups.", span, "Move it to the top of the file.");

export const tooManyImports = (span: Span, limit: number): Diagnostic =>
  error("too-many-imports", `The spec has more than ${limit} files, which is the limit.`, span);

export const nothingToRemove = (span: Span, name: string, known: readonly string[]): Diagnostic =>
  error(
    "nothing-to-remove",
    `No imported file has \`${name}\`.`,
    span,
    known.length === 0 ? "`remove` removes an imported modality, block or ablation." : suggestion(name, known),
  );
