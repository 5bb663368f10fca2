// Specs as `mom fmt` sets them: files and folders of specs, stdin, and specs in JSON.
import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { format } from "../../../grammar/format.js";
import { SOURCE_LIMIT } from "../../../grammar/parse.js";
import { unreadable } from "../../data/open-file.js";
import { realpathOf } from "../../data/project-folder.js";
import { type Diagnostic, mistake, type Source } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";
import { InputError } from "../../diagnostics/input-error.js";
import { formatJson, isJson } from "../../front/parse-json.js";
import { replaceFile } from "../../train/replace-file.js";
import { checkSource, hasErrors, readNamed } from "../read-spec.js";
import { isRunFolder } from "../run-spec.js";
import { nodeDisk } from "./disk.js";

/** What stands for stdin where a file is named. */
export const STDIN = "-";

/** No text of so many bytes is within the limit of a spec. */
const BYTES = 4 * SOURCE_LIMIT + 4;

export interface FormattedFile {
  /** What was read. */
  readonly source: Source;
  /** The text as it is to be; undefined where there are mistakes of syntax. */
  readonly text: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws Failure for what cannot be read */
export function formattedFile(file: string): FormattedFile {
  const source = readWhole(file);
  const formatted = format(source);
  if ("diagnostics" in formatted) return { source, text: undefined, diagnostics: formatted.diagnostics };
  return { source, text: formatted.text, diagnostics: [] };
}

/** A spec in JSON as a .mom file. */
export interface Translated {
  /** Undefined where the spec is wrong. */
  readonly text: string | undefined;
  /** What is wrong or unwanted in it. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: readonly Source[];
}

/** @throws Failure for what cannot be read */
export function translatedJson(file: string): Translated {
  const { path, text } = readWhole(file);
  const source = { path: isJson({ path }) ? path : `${path}.json`, text };
  const checked = checkSource(nodeDisk, source);
  const formatted = formatJson(source);
  const { diagnostics, sources } = checked;
  const right = !hasErrors(checked) && "text" in formatted;
  return { text: right ? formatted.text : undefined, diagnostics, sources };
}

/** In place of the file that a link leads to, with its permissions; whole at any time. */
export function rewriteSpec(file: string, text: string): void {
  const path = realpathOf(nodeDisk, file) ?? file;
  const { mode } = statSync(path);
  replaceFile(nodeDisk, path, text, "");
  chmodSync(path, mode);
}

/**
 * Of a longer file only so much is read, for it to be refused.
 * @throws Failure for what cannot be read, or is no UTF-8: some of its characters would be lost
 */
function readWhole(file: string): Source {
  const path = file === STDIN ? "<stdin>" : file;
  const bytes = file === STDIN ? readStdin() : readNamed(nodeDisk, file, BYTES);
  try {
    return { path, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    const help = "Save it as UTF-8.";
    throw new Failure([mistake("not-utf-8", `\`${path}\` has bytes that are no text in UTF-8.`, { help })]);
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

/** Not looked into: what is hidden, and what others installed. */
const isOthers = (name: string): boolean => name.startsWith(".") || name === "node_modules";

/**
 * In the order of the paths, sorted inside of folders, each once.
 * @throws Failure for a folder without specs
 */
export function specFiles(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => (isFolder(path) ? specsBelow(path) : [path])))];
}

function specsBelow(folder: string): string[] {
  const found = isRunFolder(nodeDisk, folder) ? [] : walk(folder);
  if (found.length > 0) return found;
  const help = "Name a spec, or a folder that holds some: files that end with `.mom`.";
  throw new Failure([mistake("file-missing", `There are no specs in \`${folder}\`.`, { help })]);
}

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isOthers(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      // A run's spec stays as it was written: the run is known by it.
      if (entry.isDirectory()) return isRunFolder(nodeDisk, path) ? [] : walk(path);
      return entry.name.endsWith(".mom") && !isFolder(path) ? [path] : [];
    });

/** What cannot be looked at is refused when it is read. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
