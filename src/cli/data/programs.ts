// Runs other programs that fetch or make data; never through a shell.
import { spawnSync } from "node:child_process";
import { InputError } from "../../diagnostics/input-error.js";

/**
 * Waits for the program to end.
 * @param remedy what to do where there is no such program, or where it fails
 * @returns what it wrote to its standard output
 */
export function run(
  program: string,
  args: readonly string[],
  { folder = ".", remedy }: { readonly folder?: string; readonly remedy: string },
): string {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (error !== undefined) {
    const missing = "code" in error && error.code === "ENOENT";
    throw new InputError(missing ? `there is no program ${program} here` : `${program}: ${error.message}`, remedy);
  }
  if (status !== 0)
    throw new InputError(`${program} failed: ${stderr.trim().split("\n").at(-1) || `exit code ${status}`}`, remedy);
  return stdout;
}
