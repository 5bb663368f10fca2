// The option `--data`: the new place of data that have moved.
import { readRegular, textOf } from "../data/open-file.js";
import { isFolder, type Reach, withFolder } from "../data/reach.js";
import {
  fromPattern,
  isPattern,
  marksPrepared,
  PREPARED_FILE,
  sourcePaths,
  withSourcePaths,
} from "../data/sources/source.fields.js";
import { InputError } from "../diagnostics/input-error.js";
import { isRecord } from "../diagnostics/json-shape.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { valueIn, withValue } from "../front/vary.js";
import { withPaths } from "./spec-paths.js";

interface Sited {
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json?: Json | undefined;
  readonly folder: string;
  readonly reach: Reach;
  /** Whether the spec is that of a run, which may have moved away from its data. */
  readonly isRun: boolean;
}

/**
 * The spec with the data at the place that the user names.
 * @throws InputError if the data are not there
 */
export function withData<T extends Sited>(read: T, place: string | undefined): T {
  if (place === undefined) return read;
  const { spec, json, reach } = read;
  const written = pathsOf(spec);
  const path = reach.disk.paths.resolve(place);
  const found = preparedIn(path, reach);
  if (found !== undefined) {
    // It has its own documents to validate on, if the spec that it was prepared with names some.
    const none = found.hasSets && { held_out: 0 };
    const prepared = { source: { kind: "prepared", path }, validation: [], ...none } as const;
    return {
      ...read,
      reach: withFolder(reach, path),
      spec: { ...spec, data: { ...spec.data, ...prepared } },
      json: json === undefined ? json : ofPrepared(json, path, found),
    };
  }
  if (written.length === 0)
    throw new InputError(
      "bad-option",
      "--data does not apply: the data of this spec are not a file.",
      "Leave --data out.",
    );
  const places = placesIn(place, written, reach);
  const moved = (was: string): string => places.get(was) ?? was;
  const { source, validation } = spec.data;
  const data = {
    ...spec.data,
    source: withSourcePaths(source, moved),
    validation: validation.map((set) => ({ ...set, source: withSourcePaths(set.source, moved) })),
  };
  return {
    ...read,
    reach: withFolder(reach, isFolder(reach.disk, place) ? place : reach.disk.paths.dirname(path)),
    spec: { ...spec, data },
    json: json === undefined ? json : withPaths(json, (was, use) => (use === "data" ? moved(was) : was)),
  };
}

function ofPrepared(json: Json, path: string, { hasSets }: { readonly hasSets: boolean }): Json {
  const { validation, ...data } = valueIn(json, "/data") as { readonly [key: string]: Json };
  const kept = validation === undefined && !hasSets ? data : { ...data, held_out: 0 };
  return withValue(json, "/data", { ...kept, source: { kind: "prepared", path } });
}

/** What `mom data prepare` wrote into a folder; undefined if it holds no prepared data. */
function preparedIn(folder: string, { disk }: Reach): { readonly hasSets: boolean } | undefined {
  const file = disk.paths.join(folder, PREPARED_FILE);
  if (!disk.exists(file)) return undefined;
  try {
    const list: unknown = JSON.parse(textOf(readRegular(disk, file, MARK_BYTES)));
    if (!marksPrepared(list)) return undefined;
    const sets = isRecord(list) ? list.validation : undefined;
    return { hasSets: Array.isArray(sets) && sets.length > 0 };
  } catch {
    return undefined;
  }
}

const MARK_BYTES = 2 ** 24;

interface Written {
  readonly path: string;
  readonly isFolder: boolean;
}

/** All paths of the data, each once. */
const pathsOf = ({ data }: CheckedSpec): Written[] => {
  const all = [data.source, ...data.validation.map(({ source }) => source)].flatMap(sourcePaths);
  return [...new Map(all.map((one) => [one.path, one])).values()];
};

/**
 * The new path of each path. In a folder, each file has its own name, and a pattern keeps its part from the first
 * wildcard on.
 * @throws InputError if a file is missing, or if two have one name
 */
function placesIn(place: string, written: readonly Written[], { disk }: Reach): Map<string, string> {
  const { basename, join, resolve } = disk.paths;
  const inFolder = (path: string): string => resolve(join(place, isPattern(path) ? fromPattern(path) : basename(path)));
  const [only, second] = written;
  if (only !== undefined && second === undefined) {
    const below = inFolder(only.path);
    // A folder of data can be named itself, or be in the folder that is named.
    const itself = !isFolder(disk, place) || (only.isFolder && !disk.exists(below));
    return new Map([
      [only.path, there(itself ? resolve(place) : below, "Name the file, or the folder that contains it.")],
    ]);
  }
  if (!isFolder(disk, place))
    throw new InputError(
      "bad-option",
      `--data: ${place} is not a folder, but the spec has ${written.length} paths of data.`,
      "Name a folder that contains each file under its own name.",
    );
  const places = new Map<string, string>();
  for (const { path } of written) {
    const target = there(inFolder(path), "Put each file into the folder under its own name.");
    const other = [...places].find(([, taken]) => taken === target);
    if (other !== undefined)
      throw new InputError(
        "bad-option",
        `--data: ${other[0]} and ${path} have the same name.`,
        "Change the paths in the spec instead.",
      );
    places.set(path, target);
  }
  return places;

  function there(path: string, help: string): string {
    if (isPattern(path) || disk.exists(path)) return path;
    throw new InputError("file-unreadable", `--data: ${path} does not exist.`, help);
  }
}

/**
 * Checks that the data of a run still exist.
 * @throws InputError if they do not
 */
export function checkDataThere({ spec, folder, reach: { disk }, isRun }: Sited): void {
  if (!isRun) return;
  const missing = pathsOf(spec).find(({ path }) => !isPattern(path) && !disk.exists(disk.paths.resolve(folder, path)));
  if (missing === undefined) return;
  throw new InputError(
    "file-unreadable",
    `The data of the run are no longer at ${missing.path}.`,
    "Name the new place with --data: the file, or the folder that contains it.",
  );
}
