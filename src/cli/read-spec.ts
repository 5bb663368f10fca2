// A spec from the disk: reads it and what it names, as far as it may reach, and prints what is wrong with it.
import { readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SOURCE_LIMIT } from "../../grammar/parse.js";
import { IS_FOLDER, readRegular, Unreadable } from "../data/open-file.js";
import { checkWithin, Outside, type Reach, reachOf, readWithin } from "../data/reach.js";
import { isError, mistake, type Source } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { listed, suggestion } from "../diagnostics/nearest.js";
import { render } from "../diagnostics/render.js";
import { type Checked, check } from "../front/check.js";
import { isJson } from "../front/parse-json.js";
import type { Refused } from "../front/refused.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { styleOf } from "./colour.js";

export interface ReadSpec {
  /** Undefined where the spec is wrong; exit with `EXIT.wrongInput` then. */
  readonly spec: CheckedSpec | undefined;
  /** The spec as resolved, for `printSpec`. */
  readonly json: Json | undefined;
  /** Paths in the spec are relative to this folder, which is absolute. */
  readonly folder: string;
  /** What the spec and its data may read. */
  readonly reach: Reach;
}

/** How a spec is read. */
export interface Reading {
  /** Where the file's text comes from, if it is a copy: paths in it are relative to that. */
  readonly origin?: string;
  /** Folders that the spec may read besides its project. */
  readonly allow?: readonly string[] | undefined;
  /** Gets the path of every file that is looked for, whether there is one or not. */
  readonly tried?: Set<string>;
}

/** Prints errors and warnings to stderr. */
export function readSpec(file: string, { origin = file, allow }: Reading = {}): ReadSpec {
  const reach = reachOf(origin, allow);
  const { spec, json, diagnostics, sources } = checkFile(file, { origin, allow });
  if (diagnostics.length > 0) process.stderr.write(`${render(diagnostics, sources, styleOf(process.stderr))}\n`);
  return { spec, json, folder: dirname(resolve(origin)), reach };
}

/** A text in the language instead of a file's: that of a copy, or of a variant. Paths in it are relative to `origin`. */
export const checkText = (text: string, origin: string, reading: Omit<Reading, "origin"> = {}): Checked =>
  checkSource({ path: isJson({ path: origin }) ? `${origin}.mom` : origin, text }, reading);

/** A text by what its path says: in the language, or JSON. The files that it names are looked for on the disk. */
export function checkSource(source: Source, { allow, tried }: Omit<Reading, "origin"> = {}): Checked {
  const disk = readersFor(source.path, allow);
  const noting = <T>(path: string, found: T): T => {
    tried?.add(path);
    return found;
  };
  const read = Object.assign((path: string) => noting(path, disk.readText(path)), { beside: specsBeside });
  return check(source, read, (path, limit) => noting(path, disk.readStart(path, limit)));
}

/** Names of the specs in the folder that a path leads into. */
function specsBeside(file: string): string[] {
  try {
    return readdirSync(dirname(file)).filter((name) => name.endsWith(".mom"));
  } catch {
    return [];
  }
}

/** Throws a `Failure` where the file itself cannot be read. */
export function checkFile(file: string, { origin = file, ...reading }: Reading = {}): Checked {
  const source = { path: file, text: readNamed(file, SOURCE_BYTES).toString("utf8") };
  return file === origin ? checkSource(source, reading) : checkText(source.text, origin, reading);
}

/** Not more of a file than it takes to see that it is too large. */
export const SOURCE_BYTES = 4 * SOURCE_LIMIT + 4;

/** At most so many bytes of a file that the user named. @throws Failure where it cannot be read */
export function readNamed(file: string, limit: number): Buffer {
  try {
    return readRegular(file, limit);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw notRead(file, error);
  }
}

/** What to throw where a file of the command line cannot be read. */
function notRead(file: string, { reason, missing }: Unreadable): Failure {
  if (reason === IS_FOLDER) {
    const specs = specsBeside(join(file, "_"));
    const help =
      specs.length === 0
        ? "It has no spec."
        : `Name a spec in it: ${listed(
            specs.slice(0, 5).map((name) => join(file, name)),
            "or",
          )}.`;
    return new Failure([mistake("file-missing", `\`${file}\` is a folder.`, { help })]);
  }
  const message = missing ? `There is no file \`${file}\`.` : `\`${file}\` cannot be read: ${reason}.`;
  const others = specsBeside(file).filter((name) => name !== basename(file));
  const help = suggestion(basename(file), others) ?? "A spec is a file that ends with `.mom`.";
  return new Failure([mistake("file-missing", message, { help })]);
}

/** How the files that a spec names are read: undefined where there is none. */
export interface Readers {
  readonly readText: (path: string) => Source | undefined | Refused;
  /** At most so many bytes; with 0, only whether it may be read. */
  readonly readStart: (path: string, limit: number) => Buffer | undefined | Refused;
}

/**
 * @param entry the spec's file
 * @param allow as of `Reading`
 */
export function readersFor(entry: string, allow?: readonly string[]): Readers {
  const reach = reachOf(entry, allow);
  const readStart = (path: string, limit: number): Buffer | undefined | Refused => {
    try {
      return readWithin(path, reach, limit);
    } catch (error) {
      return refusal(error);
    }
  };
  const readText = (path: string): Source | undefined | Refused => {
    const bytes = readStart(path, SOURCE_BYTES);
    return bytes instanceof Uint8Array ? { path, text: bytes.toString("utf8") } : bytes;
  };
  return { readText, readStart };
}

/** Nothing where there is no file. */
function refusal(error: unknown): Refused | undefined {
  if (error instanceof Outside) return { refused: "outside", folder: error.folder };
  if (!(error instanceof Unreadable)) throw error;
  if (error.missing) return undefined;
  return { refused: "unreadable", reason: error.reason, isFolder: error.reason === IS_FOLDER };
}

/** For an editor, which keeps what it has read: why the spec at `entry` may not read a file, or cannot. */
export function refusingFor(entry: string): (path: string) => Refused | undefined {
  const reach = reachOf(entry);
  return (path) => {
    try {
      checkWithin(path, reach);
      return undefined;
    } catch (error) {
      return refusal(error);
    }
  };
}

/** At most so many bytes of any file; undefined where it cannot be read. */
export function readStart(path: string, limit: number): Buffer | undefined {
  try {
    return readRegular(path, limit);
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

export function readText(path: string): Source | undefined {
  const bytes = readStart(path, SOURCE_BYTES);
  return bytes && { path, text: bytes.toString("utf8") };
}

export const hasErrors = ({ diagnostics }: Checked): boolean => diagnostics.some(isError);
