// Finds the `mom` to run.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Program {
  readonly command: string;
  /** Arguments before the command. */
  readonly args: readonly string[];
  /** Whether to run it in a shell, as batch files on Windows need. */
  readonly shell: boolean;
}

const PACKAGE = "mixture-of-mamba";

/** @param path from the settings; empty if it is not set */
export function programOf(path: string, folders: readonly string[], platform: NodeJS.Platform): Program {
  const windows = platform === "win32";
  if (path !== "") return running(path, windows);
  for (const folder of folders) {
    const installed = join(folder, "node_modules", PACKAGE, "bin", "mom.mjs");
    if (existsSync(installed)) return running(installed, windows);
    const own = join(folder, "bin", "mom.mjs");
    if (existsSync(own) && nameOf(folder) === PACKAGE) return running(own, windows);
  }
  return running("mom", windows);
}

/** A script is run by the Node on the `PATH`; anything else is run directly. */
function running(path: string, windows: boolean): Program {
  if (/\.[cm]?js$/.test(path)) return { command: "node", args: [path], shell: false };
  return { command: path, args: [], shell: windows };
}

function nameOf(folder: string): unknown {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return typeof manifest === "object" && manifest !== null && "name" in manifest ? manifest.name : undefined;
  } catch {
    return undefined;
  }
}

/** The kernels that `mom inspect --dump emit` prints, each with the line that names it. */
export function kernelsOf(dump: string): { readonly name: string; readonly text: string }[] {
  const heads = [...dump.matchAll(/^\/\/ (\S+\.[0-9a-f]{8})$/gm)];
  return heads.map((head, i) => ({
    name: head[1] ?? "",
    text: dump.slice(head.index, heads[i + 1]?.index ?? dump.length).trimEnd(),
  }));
}
