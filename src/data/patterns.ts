// The files that a source's paths and patterns name: `a.jsonl`, `data/*.parquet`, `shards/{00000..00099}.tar`.
import { EXPANSION_MAX, EXPANSION_MAX_LENGTH, expand } from "brace-expansion";
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
/** Most characters of a path or pattern. */
const LONGEST = 4096;

/**
 * The files of several paths and patterns, in their order; those of a pattern in the order of their names.
 * @param folder the folder that paths are relative to
 * @throws InputError if a pattern matches nothing, is too long, leaves the project's folder, or names too many files
 */
export function filesOfPatterns(patterns: readonly string[], folder: string, reach: Reach): PatternFile[] {
  const files: PatternFile[] = [];
  for (const pattern of patterns) {
    const { disk } = reach;
    if (pattern.length > LONGEST)
      throw new InputError(
        "file-unreadable",
        `${pattern.slice(0, 60)}…: the path has ${pattern.length} characters; the limit is ${LONGEST}`,
        "Use `*` instead of long lists in braces, or a list of paths.",
      );
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
  const characters = paths.reduce((sum, { length }) => sum + length, 0);
  // `expand` stops at its limits without an error.
  if (paths.length < EXPANSION_MAX && characters + LONGEST < EXPANSION_MAX_LENGTH) return paths;
  throw new InputError(
    "file-unreadable",
    `${pattern}: its braces expand to more than ${EXPANSION_MAX} paths, or to more than ${EXPANSION_MAX_LENGTH} characters`,
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
  const isMatch = pathMatcher(glob);
  const files: PatternFile[] = [];
  const steps = glob.split("/");
  const depth = steps.includes("**") ? Number.POSITIVE_INFINITY : steps.length;
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

/** Any number of items: of characters for `*`, of steps of a path for `**`. */
const ANY = Symbol("any");
type Part<T> = ((item: T) => boolean) | typeof ANY;

/**
 * Whether paths match a pattern without braces. Patterns come from specs, which are not trusted, so the time grows with the
 * product of both lengths at most; that of a regular expression can double with each `*`.
 */
export function pathMatcher(pattern: string): (path: string) => boolean {
  const steps = pattern.split("/").map((step): Part<string> => {
    if (step === "**") return ANY;
    const parts = partsOfStep(step);
    return (name) => fits([...name], parts);
  });
  return (path) => fits(path.split("/"), steps);
}

function fits<T>(items: readonly T[], parts: readonly Part<T>[]): boolean {
  let [item, part] = [0, 0];
  // Only the last `ANY` may have to take more items: an earlier one leaves the most items to the parts behind it.
  let last: { readonly part: number; item: number } | undefined;
  while (item < items.length) {
    const expected = parts[part];
    if (expected === ANY) last = { part: ++part, item };
    else if (expected?.(items[item] as T)) [item, part] = [item + 1, part + 1];
    else if (last !== undefined) [item, part] = [++last.item, last.part];
    else return false;
  }
  return parts.slice(part).every((rest) => rest === ANY);
}

/** The parts of a step of a pattern: characters, `?`, `*`, and classes such as `[a-z]` and `[!a-z]`. */
function partsOfStep(step: string): Part<string>[] {
  const pattern = /\\(?<escaped>.)|(?<any>\*+)|(?<one>\?)|\[(?<not>[!^]?)(?<members>\]?(?:\\.|[^\]\\])*)\]|./gsu;
  return Array.from(step.matchAll(pattern), ({ 0: literal, groups = {} }): Part<string> => {
    const { escaped, any, one, not, members } = groups;
    if (any !== undefined) return ANY;
    if (one !== undefined) return () => true;
    if (members === undefined) return (character) => character === (escaped ?? literal);
    const ranges = rangesOf(members);
    return (character) => {
      const code = codeOf(character);
      return ranges.some(([first, end]) => first <= code && code <= end) === (not === "");
    };
  });
}

/** The first and last characters of the ranges in a class; both are equal for a single character. */
const rangesOf = (members: string): (readonly [number, number])[] =>
  Array.from(members.matchAll(/\\?(.)(?:-\\?(.))?/gsu), ([, first = "", end = first]) => [codeOf(first), codeOf(end)]);

const codeOf = (character: string): number => character.codePointAt(0) ?? 0;
