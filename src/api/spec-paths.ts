// The paths in a spec: each with what it is for.
import type { Json } from "../front/spec.js";

type JsonObject = { readonly [key: string]: Json };
const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

export type PathUse = "tokenizer" | "codebook" | "data" | "init";

const PLACES: readonly (readonly [PathUse, readonly string[]])[] = [
  ["tokenizer", ["model", "modality", "*", "tokenizer"]],
  ["codebook", ["model", "modality", "*", "codebook"]],
  ["data", ["data", "source", "path"]],
  ["init", ["train", "init", "path"]],
];

/** Applied at a place; what is not there stays away. `index` counts the keys that `*` stands for. */
function changed(json: Json, at: readonly string[], change: (path: string, index: number) => string, index = 0): Json {
  const [key, ...rest] = at;
  if (key === undefined) return typeof json === "string" ? change(json, index) : json;
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
 * The same spec with other paths.
 * @param json a spec's, with defaults filled in
 * @param change a path of this use; `index` is that of the modality, where one names it
 */
export const withPaths = (json: Json, change: (path: string, use: PathUse, index: number) => string): Json =>
  PLACES.reduce((all, [use, at]) => changed(all, at, (path, index) => change(path, use, index)), json);

/** The paths of a spec with what they are for, as written. */
export function pathsIn(json: Json): { readonly use: PathUse; readonly path: string }[] {
  const found: { use: PathUse; path: string }[] = [];
  withPaths(json, (path, use) => {
    found.push({ use, path });
    return path;
  });
  return found;
}
