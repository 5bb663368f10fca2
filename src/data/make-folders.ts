// Makes a folder and those above it, where Node's own `recursive` never returns if none can be made (as in /proc).
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Those that are there already are as good as made. Throws Node's own error, with its `code`. */
export function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process was faster.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
