// Runs the commands of the pages as a reader would.
import { spawnSync } from "node:child_process";

export interface Ran {
  readonly code: number | null;
  /** Both streams in the order in which they came, without colours. */
  readonly output: string;
}

/** @param mom the main module that `npx mom` runs */
export function run(command: string, folder: string, mom: string): Ran {
  const { FORCE_COLOR: _, ...environment } = process.env;
  const ran = spawnSync("bash", ["-c", `npx() { shift; "$NODE" "$MOM" "$@"; }\n${command} 2>&1`], {
    cwd: folder,
    encoding: "utf8",
    env: { ...environment, NO_COLOR: "1", COLUMNS: "100", NODE: process.execPath, MOM: mom },
    maxBuffer: 2 ** 26,
  });
  return { code: ran.status, output: ran.stdout };
}
