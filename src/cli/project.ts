// The npm package of this program.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeDisk } from "../api/node/disk.js";
import { packageFolder } from "../data/project-folder.js";

function manifest(): Readonly<Record<string, unknown>> {
  const folder = packageFolder(nodeDisk, dirname(fileURLToPath(import.meta.url)));
  if (folder === undefined) return {};
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
}

/** The versions of a dependency that this program works with, as a semver range. */
export function dependencyRange(name: string): string {
  const { dependencies } = manifest();
  const all = typeof dependencies === "object" && dependencies !== null ? Object.entries(dependencies) : [];
  const range: unknown = all.find(([known]) => known === name)?.[1];
  return typeof range === "string" ? range : "*";
}
