// Reads a spec and the files that it names from the disk, and checks it.
import type { Disk } from "../data/disk.js";
import { IS_FOLDER, readRegular, textOf, Unreadable } from "../data/open-file.js";
import { type Reach, reachOf } from "../data/reach.js";
import { diagnosticOf, isError, type Source } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { listed, suggestion } from "../diagnostics/nearest.js";
import { type Checked, check } from "../front/check.js";
import { isJson } from "../front/parse-json.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { readersFor, SOURCE_BYTES } from "./read-spec-files.js";
import { isRunFolder, specOfRun } from "./run-spec.js";

export interface ReadSpec extends Pick<Checked, "diagnostics" | "sources"> {
  /** Undefined if the spec has errors. */
  readonly spec: CheckedSpec | undefined;
  /** The resolved spec, for `printSpec`. */
  readonly json: Json | undefined;
  /** The file of the spec; for a run's folder, the run's spec. */
  readonly file: string;
  readonly isRun: boolean;
  /** The absolute path of the folder that paths in the spec are relative to. */
  readonly folder: string;
  /** The files that the spec and its data may read. */
  readonly reach: Reach;
}

/** Options for reading a spec. */
export interface Reading {
  /** The original path of a copied spec: its paths are relative to this. */
  readonly origin?: string;
  /** Folders outside the project that the spec may read. */
  readonly allow?: readonly string[] | undefined;
  /** Changes of the spec, each `PATH=VALUE`. Paths in values are relative to the working folder. */
  readonly set?: readonly string[] | undefined;
  /** The files that the spec may read, if the caller knows them. */
  readonly reach?: Reach;
  /** True for a run that has started: its data and initial weights may no longer exist, so they are not checked. */
  readonly begun?: boolean;
  /** Collects the paths of all files that are looked up, including missing ones. */
  readonly tried?: Set<string>;
}

/** Reads a spec file, or the spec of a run's folder. @throws Failure if it cannot be read */
export function readSpec(disk: Disk, path: string, { allow, set }: Pick<Reading, "allow" | "set"> = {}): ReadSpec {
  const { file, reading } = located(disk, path, { allow, set });
  const { spec, json, diagnostics, sources } = checkFile(disk, file, reading);
  const { origin = file, reach = reachOf(disk, origin, allow) } = reading;
  const { dirname, resolve } = disk.paths;
  return {
    spec,
    json,
    diagnostics,
    sources,
    file,
    folder: dirname(resolve(origin)),
    reach,
    isRun: file !== path,
  };
}

/** The file of a spec or of a run's folder, and the options for reading it. */
function located(disk: Disk, path: string, reading: Reading): { readonly file: string; readonly reading: Reading } {
  if (reading.origin !== undefined || !isRunFolder(disk, path)) return { file: path, reading };
  const { file, entry, reach } = specOfRun(disk, path, reading.allow);
  return { file, reading: { ...reading, origin: entry, reach, begun: true } };
}

/** Checks the text of a copy or of a variant. Paths in it are relative to `origin`. */
export const checkText = (disk: Disk, text: string, origin: string, reading: Omit<Reading, "origin"> = {}): Checked =>
  checkSource(disk, { path: isJson({ path: origin }) ? `${origin}.mom` : origin, text }, reading);

/** Checks a text; its file name states whether it is JSON. The files that it names are read from the disk. */
export function checkSource(disk: Disk, source: Source, reading: Omit<Reading, "origin"> = {}): Checked {
  const { allow, set = [], tried, begun = false, reach = reachOf(disk, source.path, allow) } = reading;
  const readers = readersFor(reach);
  const noting = <T>(path: string, found: T): T => {
    tried?.add(path);
    return found;
  };
  const read = Object.assign((path: string) => noting(path, readers.readText(path)), {
    beside: (file: string) => specsBeside(disk, file),
  });
  const readBytes = (path: string, limit: number) =>
    begun && limit === 0 ? undefined : noting(path, readers.readStart(path, limit));
  const { dirname, relative, resolve } = disk.paths;
  const placed = (path: string) => relative(dirname(resolve(source.path)), resolve(path)).replaceAll("\\", "/") || ".";
  return check(source, read, readBytes, set.length > 0 ? { texts: set, placed } : undefined);
}

/** The names of the specs in the same folder. */
function specsBeside(disk: Disk, file: string): string[] {
  try {
    return disk.list(disk.paths.dirname(file)).filter((name) => name.endsWith(".mom"));
  } catch {
    return [];
  }
}

/** Checks a spec file or the spec of a run's folder. @throws Failure if it cannot be read */
export function checkFile(disk: Disk, path: string, how: Reading = {}): Checked {
  const {
    file,
    reading: { origin = file, ...reading },
  } = located(disk, path, how);
  const source = { path: file, text: textOf(readNamed(disk, file, SOURCE_BYTES)) };
  return file === origin ? checkSource(disk, source, reading) : checkText(disk, source.text, origin, reading);
}

/** Reads at most `limit` bytes of a file that the user named. @throws Failure if it cannot be read */
export function readNamed(disk: Disk, file: string, limit: number): Uint8Array {
  try {
    return readRegular(disk, file, limit);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw notRead(disk, file, error);
  }
}

/** The error for a file on the command line that cannot be read. */
function notRead(disk: Disk, file: string, { reason, missing }: Unreadable): Failure {
  const { basename, join } = disk.paths;
  if (reason === IS_FOLDER) {
    const specs = specsBeside(disk, join(file, "_"));
    const help =
      specs.length === 0
        ? "It does not contain a spec."
        : `Name a spec in it: ${listed(
            specs.slice(0, 5).map((name) => join(file, name)),
            "or",
          )}.`;
    return new Failure([diagnosticOf("file-missing", `\`${file}\` is a folder.`, { help })]);
  }
  const message = missing ? `\`${file}\` does not exist.` : `\`${file}\` cannot be read: ${reason}.`;
  const others = specsBeside(disk, file).filter((name) => name !== basename(file));
  const help = suggestion(basename(file), others) ?? "The name of a spec ends with `.mom`.";
  return new Failure([diagnosticOf("file-missing", message, { help })]);
}

export const hasErrors = ({ diagnostics }: Checked): boolean => diagnostics.some(isError);
