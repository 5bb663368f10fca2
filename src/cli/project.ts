// Where a project's folder is, and which package this program came from.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The nearest folder at or above `folder` that holds a package.json; undefined when there is none. */
export function packageFolder(folder: string): string | undefined {
  for (let here = resolve(folder); ; here = dirname(here)) {
    if (existsSync(join(here, "package.json"))) return here;
    if (dirname(here) === here) return undefined;
  }
}

/** Without links; undefined where there is nothing. */
export function realpathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a path is a folder's, or something's in it; both without links on the way. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** This program's own package.json. */
function manifest(): Readonly<Record<string, unknown>> {
  const folder = packageFolder(dirname(fileURLToPath(import.meta.url)));
  if (folder === undefined) return {};
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
}

/** This program's version, from its own package.json. */
export function version(): string {
  const { version: found } = manifest();
  return typeof found === "string" ? found : "unknown";
}

/** Which versions of a package this program works with. */
export function dependencyRange(name: string): string {
  const { dependencies } = manifest();
  const all = typeof dependencies === "object" && dependencies !== null ? Object.entries(dependencies) : [];
  const range: unknown = all.find(([known]) => known === name)?.[1];
  return typeof range === "string" ? range : "*";
}
