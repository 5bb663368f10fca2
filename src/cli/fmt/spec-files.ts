// The specs that paths on the command line name: files as they are, and every .mom below a folder.
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { nodeDisk } from "../../api/node/disk.js";
import { isRunFolder } from "../../api/run-spec.js";
import { mistake } from "../../diagnostics/diagnostic.js";
import { Failure } from "../../diagnostics/failure.js";

/** Not looked into: what is hidden, and what others installed. */
const isOthers = (name: string): boolean => name.startsWith(".") || name === "node_modules";

/**
 * In the order of the paths, sorted inside of folders, each once.
 * @throws Failure for a folder without specs
 */
export function specFiles(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap((path) => (isFolder(path) ? specsBelow(path) : [path])))];
}

function specsBelow(folder: string): string[] {
  const found = isRunFolder(nodeDisk, folder) ? [] : walk(folder);
  if (found.length > 0) return found;
  const help = "Name a spec, or a folder that holds some: files that end with `.mom`.";
  throw new Failure([mistake("file-missing", `There are no specs in \`${folder}\`.`, { help })]);
}

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !isOthers(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      // A run's spec stays as it was written: the run is known by it.
      if (entry.isDirectory()) return isRunFolder(nodeDisk, path) ? [] : walk(path);
      return entry.name.endsWith(".mom") && !isFolder(path) ? [path] : [];
    });

/** What cannot be looked at is refused when it is read. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
