// Formats specs for `mom fmt`: files and folders of specs, stdin, and JSON specs.
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { format } from "../../../grammar/format.js";
import { SOURCE_LIMIT } from "../../../grammar/parse.js";
import { unreadable } from "../../data/open-file.js";
import { realpathOf } from "../../data/project-folder.js";
import { isFolder } from "../../data/reach.js";
import { type Diagnostic, diagnosticOf, type Source } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";
import { InputError } from "../../diagnostics/input-error.js";
import { formatJson, isJson } from "../../front/parse-json.js";
import { replaceFile } from "../../train/replace-file.js";
import { checkSource, hasErrors, readNamed } from "../read-spec.js";
import { isRunFolder } from "../run-spec.js";
import { nodeDisk } from "./disk.js";

/** The file name that means stdin. */
export const STDIN = "-";

/** A text with this many bytes always exceeds the limit of a spec. */
const BYTES = 4 * SOURCE_LIMIT + 4;

export interface FormattedFile {
  /** The original text. */
  readonly source: Source;
  /** The formatted text; undefined if there are syntax errors. */
  readonly text: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws Failure if the file cannot be read */
export function formattedFile(file: string): FormattedFile {
  const source = readWhole(file);
  const formatted = format(source);
  if ("diagnostics" in formatted) return { source, text: undefined, diagnostics: formatted.diagnostics };
  return { source, text: formatted.text, diagnostics: [] };
}

/** A JSON spec as the text of a .mom file. */
export interface Translated {
  /** Undefined if the spec has errors. */
  readonly text: string | undefined;
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly Source[];
}

/** @throws Failure if the file cannot be read */
export function translatedJson(file: string): Translated {
  const { path, text } = readWhole(file);
  const source = { path: isJson({ path }) ? path : `${path}.json`, text };
  const checked = checkSource(nodeDisk, source);
  const formatted = formatJson(source);
  const { diagnostics, sources } = checked;
  const right = !hasErrors(checked) && "text" in formatted;
  return { text: right ? formatted.text : undefined, diagnostics, sources };
}

/** Overwrites a spec atomically. Follows a link, and keeps the permissions of its target. */
export function rewriteSpec(file: string, text: string): void {
  const path = realpathOf(nodeDisk, file) ?? file;
  const { mode } = statSync(path);
  replaceFile(nodeDisk, path, text, "");
  chmodSync(path, mode);
}

/**
 * Reads a spec. Only the start of a file that is too long is read, and it is then refused.
 * @throws Failure if it cannot be read, or is not UTF-8 and would lose characters
 */
function readWhole(file: string): Source {
  const path = file === STDIN ? "<stdin>" : file;
  const bytes = file === STDIN ? readStdin() : readNamed(nodeDisk, file, BYTES);
  try {
    return { path, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const help = "Save it as UTF-8.";
    throw new Failure([diagnosticOf("not-utf-8", `\`${path}\` is not valid UTF-8.`, { help })]);
  }
}

function readStdin(): Buffer {
  try {
    return readFileSync(0);
  } catch (error) {
    throw new InputError(
      "file-unreadable",
      `<stdin> cannot be read: ${unreadable(error).reason}.`,
      "Pipe a spec into it.",
    );
  }
}

/** Whether a folder is skipped: hidden folders, and installed packages. */
const isOthers = (name: string): boolean => name.startsWith(".") || name === "node_modules";

/**
 * The specs in files and folders, in the order of the paths, sorted inside folders, without duplicates.
 * @throws Failure if a folder contains no specs
 */
export function specFiles(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => (isFolder(nodeDisk, path) ? specsBelow(path) : [path])))];
}

function specsBelow(folder: string): string[] {
  const found = isRunFolder(nodeDisk, folder) ? [] : walk(folder);
  if (found.length > 0) return found;
  const help = "Name a spec, or a folder with specs. Their names end with `.mom`.";
  throw new Failure([diagnosticOf("file-missing", `\`${folder}\` contains no specs.`, { help })]);
}

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isOthers(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      // The spec of a run must not change, because it identifies the run.
      if (entry.isDirectory()) return isRunFolder(nodeDisk, path) ? [] : walk(path);
      return entry.name.endsWith(".mom") && !isFolder(nodeDisk, path) ? [path] : [];
    });
