// The files that a spec names, as seen from the working folder: so that those of two specs can be compared.
import { relative, resolve } from "node:path";
import type { Json } from "../front/spec.js";

type JsonObject = { readonly [key: string]: Json };
const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/** Applied at each of the paths; what is not there stays away. */
function changed(json: Json, at: readonly string[], change: (path: string) => string): Json {
  const [key, ...rest] = at;
  if (key === undefined) return typeof json === "string" ? change(json) : json;
  if (!isObject(json)) return json;
  const keys = key === "*" ? Object.keys(json) : key in json ? [key] : [];
  return { ...json, ...Object.fromEntries(keys.map((one) => [one, changed(json[one] ?? null, rest, change)])) };
}

const FILES = ["model.modality.*.tokenizer", "model.modality.*.codebook", "data.source.path", "train.init.path"];

/**
 * @param json a spec's, with defaults filled in
 * @param folder that its paths are relative to
 */
export function pathsFromHere(json: Json, folder: string): Json {
  const here = (path: string): string => relative("", resolve(folder, path)).replaceAll("\\", "/");
  return FILES.reduce((all, file) => changed(all, file.split("."), here), json);
}
