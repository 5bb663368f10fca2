// A spec from the disk: reads it and what it names, as far as it may reach, and checks it.
import type { Disk } from "../data/disk.js";
import { IS_FOLDER, readRegular, textOf, Unreadable } from "../data/open-file.js";
import { type Reach, reachOf } from "../data/reach.js";
import { isError, mistake, type Source } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { listed, suggestion } from "../diagnostics/nearest.js";
import { type Checked, check } from "../front/check.js";
import { isJson } from "../front/parse-json.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { readersFor, SOURCE_BYTES } from "./read-spec-files.js";
import { isRunFolder, specOfRun } from "./run-spec.js";

export interface ReadSpec extends Pick<Checked, "diagnostics" | "sources"> {
  /** Undefined where the spec is wrong. */
  readonly spec: CheckedSpec | undefined;
  /** The spec as resolved, for `printSpec`. */
  readonly json: Json | undefined;
  /** The spec's own file: that of a run, where a run's folder was given. */
  readonly file: string;
  readonly isRun: boolean;
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
  /** What it may read, where that is known already. */
  readonly reach?: Reach;
  /** Whether the data and the first weights of the spec are not looked for: a run may have outlived them. */
  readonly begun?: boolean;
  /** Gets the path of every file that is looked for, whether there is one or not. */
  readonly tried?: Set<string>;
}

/** Reads a spec, or that of a run's folder. @throws Failure where it cannot be read */
export function readSpec(disk: Disk, path: string, { allow }: Pick<Reading, "allow"> = {}): ReadSpec {
  const { file, reading } = located(disk, path, { allow });
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

/** Where the text of a spec is, and how it is read: that of a run's folder is the run's own. */
function located(disk: Disk, path: string, reading: Reading): { readonly file: string; readonly reading: Reading } {
  if (reading.origin !== undefined || !isRunFolder(disk, path)) return { file: path, reading };
  const { file, entry, reach } = specOfRun(disk, path, reading.allow);
  return { file, reading: { ...reading, origin: entry, reach, begun: true } };
}

/** A text in the language instead of a file's: that of a copy, or of a variant. Paths in it are relative to `origin`. */
export const checkText = (disk: Disk, text: string, origin: string, reading: Omit<Reading, "origin"> = {}): Checked =>
  checkSource(disk, { path: isJson({ path: origin }) ? `${origin}.mom` : origin, text }, reading);

/** A text by what its path says: in the language, or JSON. The files that it names are looked for on the disk. */
export function checkSource(disk: Disk, source: Source, reading: Omit<Reading, "origin"> = {}): Checked {
  const { allow, tried, begun = false, reach = reachOf(disk, source.path, allow) } = reading;
  const readers = readersFor(reach);
  const noting = <T>(path: string, found: T): T => {
    tried?.add(path);
    return found;
  };
  const read = Object.assign((path: string) => noting(path, readers.readText(path)), {
    beside: (file: string) => specsBeside(disk, file),
  });
  return check(source, read, (path, limit) =>
    begun && limit === 0 ? undefined : noting(path, readers.readStart(path, limit)),
  );
}

/** Names of the specs in the folder that a path leads into. */
function specsBeside(disk: Disk, file: string): string[] {
  try {
    return disk.list(disk.paths.dirname(file)).filter((name) => name.endsWith(".mom"));
  } catch {
    return [];
  }
}

/** A spec's file, or the folder of a run. @throws Failure where it cannot be read */
export function checkFile(disk: Disk, path: string, how: Reading = {}): Checked {
  const {
    file,
    reading: { origin = file, ...reading },
  } = located(disk, path, how);
  const source = { path: file, text: textOf(readNamed(disk, file, SOURCE_BYTES)) };
  return file === origin ? checkSource(disk, source, reading) : checkText(disk, source.text, origin, reading);
}

/** At most so many bytes of a file that the user named. @throws Failure where it cannot be read */
export function readNamed(disk: Disk, file: string, limit: number): Uint8Array {
  try {
    return readRegular(disk, file, limit);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw notRead(disk, file, error);
  }
}

/** What to throw where a file of the command line cannot be read. */
function notRead(disk: Disk, file: string, { reason, missing }: Unreadable): Failure {
  const { basename, join } = disk.paths;
  if (reason === IS_FOLDER) {
    const specs = specsBeside(disk, join(file, "_"));
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
  const others = specsBeside(disk, file).filter((name) => name !== basename(file));
  const help = suggestion(basename(file), others) ?? "A spec is a file that ends with `.mom`.";
  return new Failure([mistake("file-missing", message, { help })]);
}

export const hasErrors = ({ diagnostics }: Checked): boolean => diagnostics.some(isError);
