// The paths in a spec, with their uses.
import type { Json } from "../front/spec.js";

type JsonObject = { readonly [key: string]: Json };
const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

export type PathUse = "tokenizer" | "codebook" | "data" | "init";

/** The places of the paths of sources; `path` can be a list. */
function sourcesAt(...at: string[]): [PathUse, string[]][] {
  return [["path"], ["path", "*"], ["metadata"]].map((last) => ["data", [...at, ...last]]);
}

const PLACES: readonly (readonly [PathUse, readonly string[]])[] = [
  ["tokenizer", ["model", "modality", "*", "tokenizer"]],
  ["codebook", ["model", "modality", "*", "codebook"]],
  ...sourcesAt("data", "source"),
  ...sourcesAt("data", "source", "of", "*"),
  ...sourcesAt("data", "validation", "*"),
  ["init", ["train", "init", "path"]],
];

/** Applies `change` at a place. Absent values stay absent. `index` counts the keys that `*` matches. */
function changed(json: Json, at: readonly string[], change: (path: string, index: number) => string, index = 0): Json {
  const [key, ...rest] = at;
  if (key === undefined) return typeof json === "string" ? change(json, index) : json;
  if (key === "*" && Array.isArray(json)) return json.map((item: Json, i) => changed(item, rest, change, i));
  if (!isObject(json)) return json;
  const keys = key === "*" ? Object.keys(json) : key in json ? [key] : [];
  return {
    ...json,
    ...Object.fromEntries(
      keys.map((one, i) => [one, changed(json[one] ?? null, rest, change, key === "*" ? i : index)]),
    ),
  };
}

/**
 * The spec with changed paths.
 * @param json a spec with defaults filled in
 * @param change returns the new path; `index` is the index of the modality, for a path in a modality
 */
export const withPaths = (json: Json, change: (path: string, use: PathUse, index: number) => string): Json =>
  PLACES.reduce((all, [use, at]) => changed(all, at, (path, index) => change(path, use, index)), json);

/** The paths of a spec as written, with their uses. */
export function pathsIn(json: Json): { readonly use: PathUse; readonly path: string }[] {
  const found: { use: PathUse; path: string }[] = [];
  withPaths(json, (path, use) => {
    found.push({ use, path });
    return path;
  });
  return found;
}
