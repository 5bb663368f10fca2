// Fetches the archive of a package through the user's npm, which knows the registry and the proxy.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { archiveName, type NpmPackage } from "../../data/package-archive.js";

const MOST_SECONDS = 600;

/** The bytes of the archive, or the reason why npm did not fetch it. */
export async function npmPack(wanted: NpmPackage): Promise<Uint8Array | { readonly failed: string }> {
  const folder = await mkdtemp(join(tmpdir(), "mom-npm-"));
  try {
    const failed = await pack(`${wanted.name}@${wanted.version}`, folder);
    return failed === undefined ? await readFile(join(folder, archiveName(wanted))) : { failed };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns why it failed. */
async function pack(what: string, folder: string): Promise<string | undefined> {
  const args = ["pack", what, "--pack-destination", ".", "--ignore-scripts", "--fetch-retries", "1"];
  const child = spawn("npm", args, {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    // On Windows npm is a script, which only a shell runs. The arguments are ours.
    shell: process.platform === "win32",
    timeout: 1000 * MOST_SECONDS,
  });
  const ended = new Promise<number | string>((end) => {
    child.on("error", (error) =>
      end("code" in error && error.code === "ENOENT" ? "npm is not installed" : error.message),
    );
    child.on("exit", (code, signal) => end(code ?? `npm was ended by ${signal}`));
  });
  const said = await text(child.stderr);
  const result = await ended;
  if (result === 0) return undefined;
  if (typeof result === "string") return result;
  const lines = said.split("\n").flatMap((line) => /^npm (?:error|ERR!) (.+)$/.exec(line)?.[1] ?? []);
  return `npm: ${lines.find((line) => !/^(code|errno|syscall|path) /.test(line)) ?? `exit code ${result}`}`;
}
