// The files that a spec names, as seen from the working folder: so that those of two specs can be compared.
import type { Paths } from "../data/disk.js";
import type { Json } from "../front/spec.js";
import { withPaths } from "./spec-paths.js";

/**
 * @param json a spec's, with defaults filled in
 * @param folder that its paths are relative to
 */
export const pathsFromHere = ({ relative, resolve }: Paths, json: Json, folder: string): Json =>
  withPaths(json, (path) => relative("", resolve(folder, path)).replaceAll("\\", "/"));
