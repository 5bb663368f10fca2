// The files that a spec names, as seen from the working folder: so that those of two specs can be compared.
import { relative, resolve } from "node:path";
import type { Json } from "../front/spec.js";
import { withPaths } from "./spec-paths.js";

/**
 * @param json a spec's, with defaults filled in
 * @param folder that its paths are relative to
 */
export const pathsFromHere = (json: Json, folder: string): Json =>
  withPaths(json, (path) => relative("", resolve(folder, path)).replaceAll("\\", "/"));
