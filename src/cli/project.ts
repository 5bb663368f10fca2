// Where a project's folder is, and which package this program came from.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The nearest folder at or above `folder` that holds a package.json; undefined when there is none. */
export function packageFolder(folder: string): string | undefined {
  for (let here = resolve(folder); ; here = dirname(here)) {
    if (existsSync(join(here, "package.json"))) return here;
    if (dirname(here) === here) return undefined;
  }
}

/** This program's version, from its own package.json. */
export function version(): string {
  const folder = packageFolder(dirname(fileURLToPath(import.meta.url)));
  if (folder === undefined) return "unknown";
  const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const found = typeof parsed === "object" && parsed !== null && "version" in parsed ? parsed.version : undefined;
  return typeof found === "string" ? found : "unknown";
}
