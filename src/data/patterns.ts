// The files that a source's paths and patterns name: `a.jsonl`, `data/*.parquet`, `shards/{00000..00099}.tar`.
import { EXPANSION_MAX, expand } from "brace-expansion";
import picomatch from "picomatch";
import { allowHelp } from "../diagnostics/allow.js";
import { InputError } from "../diagnostics/input-error.js";
import type { Disk } from "./disk.js";
import { unreadable } from "./open-file.js";
import { locate, type Reach, withFolder } from "./reach.js";
import { beforePattern, fromPattern, isPattern } from "./sources/source.fields.js";

export interface PatternFile {
  /** As a user would write it, relative to the spec's folder. */
  readonly name: string;
  readonly path: string;
}

/** Most files that one source may have. */
export const MOST_FILES = 1_000_000;

/**
 * The files of several paths and patterns, in their order; those of a pattern in the order of their names.
 * @param folder the folder that paths are relative to
 * @throws InputError if a pattern matches nothing, leaves the project's folder, or names too many files
 */
export function filesOfPatterns(patterns: readonly string[], folder: string, reach: Reach): PatternFile[] {
  const files: PatternFile[] = [];
  for (const pattern of patterns) {
    const { disk } = reach;
    const isPath = !isPattern(pattern) || disk.exists(disk.paths.resolve(folder, pattern));
    for (const path of isPath ? [pattern] : expanded(pattern)) {
      const named =
        !isPath && isPattern(path)
          ? matches(path, folder, reach, pattern)
          : [{ name: path, path: disk.paths.resolve(folder, isPath ? path : unescaped(path)) }];
      for (const one of named) files.push(one);
      if (files.length > MOST_FILES)
        throw new InputError(
          "file-unreadable",
          `${pattern}: names more than ${MOST_FILES} files`,
          "Put several documents into one file, for example into tar files for `webdataset`.",
        );
    }
  }
  return files;
}

const unescaped = (path: string) => path.replaceAll(/\\([*?[\]{}\\])/g, "$1");

/** Expands the braces of a pattern into paths. */
function expanded(pattern: string): string[] {
  const paths = expand(pattern);
  if (paths.length < EXPANSION_MAX) return paths;
  throw new InputError(
    "file-unreadable",
    `${pattern}: its braces expand to ${EXPANSION_MAX} or more paths`,
    "Use `*` instead.",
  );
}

function matches(pattern: string, folder: string, reach: Reach, written: string): PatternFile[] {
  const { disk } = reach;
  const [base, glob] = [beforePattern(pattern), fromPattern(pattern)];
  const top = disk.paths.resolve(folder, unescaped(base));
  const located = locate(top, withFolder(reach, folder));
  if (located.kind === "outside")
    throw new InputError("file-outside", `${written} is outside the project's folder.`, allowHelp(located.folder));
  const isMatch = picomatch(glob, { dot: false, noextglob: true, nonegate: true, windows: false });
  const files: PatternFile[] = [];
  const depth = glob.includes("**") ? Number.POSITIVE_INFINITY : glob.split("/").length;
  for (const inside of filesBelow(disk, top, "", depth, written))
    if (isMatch(inside)) {
      files.push({
        name: base === "." ? inside : `${base.replace(/\/$/, "")}/${inside}`,
        path: disk.paths.join(top, inside),
      });
      if (files.length > MOST_FILES) break;
    }
  if (files.length > 0) return files;
  throw new InputError(
    "file-unreadable",
    `${written}: no file matches ${pattern === written ? "the pattern" : pattern}`,
    "Fix the pattern, or put the files there. `*` matches within a folder, `**` also in its subfolders.",
  );
}

/** All files below a folder, as paths with `/`, in the order of their names. @throws InputError if it is outside, or cannot be read */
export function filesInFolder(folder: string, name: string, reach: Reach): string[] {
  const located = locate(folder, reach);
  if (located.kind === "outside")
    throw new InputError("file-outside", `${name} is outside the project's folder.`, allowHelp(located.folder));
  return [...filesBelow(reach.disk, folder, "", Number.POSITIVE_INFINITY, name)];
}

/** Files below a folder as paths with `/`, in the order of their names. Folders that are links are not followed. */
function* filesBelow(
  disk: Disk,
  top: string,
  inside: string,
  depth: number,
  written: string,
): Generator<string, void, undefined> {
  const folder = disk.paths.join(top, inside);
  let entries: { readonly names: readonly string[]; readonly folders: ReadonlySet<string> };
  try {
    entries = { names: disk.list(folder), folders: disk.foldersIn(folder) };
  } catch (error) {
    const { missing, reason } = unreadable(error);
    throw new InputError(
      "file-unreadable",
      missing ? `${written}: there is no folder ${folder}` : `${written}: cannot read ${folder} (${reason})`,
      "Fix the path or its permissions.",
    );
  }
  for (const name of entries.names) {
    if (name.startsWith(".")) continue;
    const path = inside === "" ? name : `${inside}/${name}`;
    if (!entries.folders.has(name)) yield path;
    else if (depth > 1) yield* filesBelow(disk, top, path, depth - 1, written);
  }
}
