// A spec from the disk: reads it and what it imports inside the project's folder, and prints what is wrong with it.
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { SOURCE_LIMIT } from "../../grammar/parse.js";
import { isError, mistake, type Source } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { listed, suggestion } from "../diagnostics/nearest.js";
import { render } from "../diagnostics/render.js";
import { type Checked, check } from "../front/check.js";
import { isJson } from "../front/parse-json.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { styleOf } from "./colour.js";
import { isWithin, packageFolder, realpathOf } from "./project.js";

export interface ReadSpec {
  /** Undefined where the spec is wrong; exit with `EXIT.wrongInput` then. */
  readonly spec: CheckedSpec | undefined;
  /** The spec as resolved, for `printSpec`. */
  readonly json: Json | undefined;
  /** Paths in the spec are relative to this folder, which is absolute. */
  readonly folder: string;
}

/**
 * Prints errors and warnings to stderr.
 * @param origin where the file's text comes from, if it is a copy: paths in it are relative to that
 */
export function readSpec(file: string, origin = file): ReadSpec {
  const { spec, json, diagnostics, sources } = checkFile(file, origin);
  if (diagnostics.length > 0) process.stderr.write(`${render(diagnostics, sources, styleOf(process.stderr))}\n`);
  return { spec, json, folder: dirname(resolve(origin)) };
}

/**
 * A text in the language instead of a file's: that of a copy, or of a variant. Paths in it are relative to `origin`.
 * @param tried gets the path of every file that is looked for, whether there is one or not
 */
export const checkText = (text: string, origin: string, tried?: Set<string>): Checked =>
  checkSource({ path: isJson({ path: origin }) ? `${origin}.mom` : origin, text }, tried);

/** A text by what its path says: in the language, or JSON. The files that it names are looked for on the disk. */
export function checkSource(source: Source, tried?: Set<string>): Checked {
  const within = finder(source.path);
  const find: typeof within = (read) => (path) => {
    tried?.add(path);
    return within(read)(path);
  };
  const read = Object.assign(find(readText), { beside: specsBeside });
  return check(source, read, (path, limit) => find((p) => readStart(p, limit))(path));
}

/** Names of the specs in the folder that a path leads into. */
function specsBeside(file: string): string[] {
  try {
    return readdirSync(dirname(file)).filter((name) => name.endsWith(".mom"));
  } catch {
    return [];
  }
}

/** Throws a `Failure` where the file itself cannot be read. `tried` as of `checkText`. */
export function checkFile(file: string, origin = file, tried?: Set<string>): Checked {
  const source = readText(file);
  if (source === undefined) throw missing(file);
  return file === origin ? checkSource(source, tried) : checkText(source.text, origin, tried);
}

/** What to throw where a file of the command line cannot be read. */
export function missing(file: string): Failure {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
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
  const message = `There is no readable file \`${file}\`.`;
  const help = suggestion(basename(file), specsBeside(file)) ?? "A spec is a file that ends with `.mom`.";
  return new Failure([mistake("file-missing", message, { help })]);
}

/** Finds files inside the project of `entry`: the folder of the nearest package.json, else that of the entry itself. */
export function finder(entry: string): <T>(read: (path: string) => T) => (path: string) => T | undefined | "outside" {
  const folder = dirname(realpathOf(entry) ?? resolve(entry));
  const project = packageFolder(folder) ?? folder;
  return (read) => (path) => {
    const inside = (full: string): boolean => isWithin(project, full);
    if (!inside(resolve(realpathOf(dirname(path)) ?? dirname(path), path.split("/").at(-1) ?? ""))) return "outside";
    const real = realpathOf(path);
    if (real === undefined) return undefined;
    return inside(real) ? read(path) : "outside";
  };
}

/** Not more of a file than it takes to see that it is too large. Undefined for what is no readable file. */
export function readText(path: string): Source | undefined {
  const bytes = readStart(path, 4 * SOURCE_LIMIT + 4);
  return bytes && { path, text: bytes.toString("utf8") };
}

/** At most so many bytes of a file. Undefined for what is no readable file. */
export function readStart(path: string, limit: number): Buffer | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(path, "r");
    if (!fstatSync(handle).isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(fstatSync(handle).size, limit));
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(handle, bytes, length, bytes.length - length, length);
    return bytes.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

export const hasErrors = ({ diagnostics }: Checked): boolean => diagnostics.some(isError);
