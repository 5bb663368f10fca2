// Builds the command line from the sources and runs it as a process.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { bundleAll } from "../../scripts/bundle-program.mjs";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface Mom {
  /** The path of the main module. */
  readonly main: string;
  readonly run: (args: readonly string[], folder?: string, environment?: Readonly<Record<string, string>>) => Outcome;
  /** Starts the command without waiting for its end. */
  readonly start: (args: readonly string[]) => ChildProcess;
  readonly dispose: () => void;
}

/** Builds as scripts/build.mjs does, without type checks, into a new folder in node_modules. */
async function build(root: string): Promise<string> {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, "mom-"));
  const entryPoints = ["src", "grammar", "recipes"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
      .map((file) => join(root, folder, file)),
  );
  await esbuild.build({ entryPoints, outdir: out, outbase: root, format: "esm", logLevel: "error" });
  await bundleAll(root, out);
  return out;
}

/** The build that all test files of a run share. The first file that needs it makes it. */
async function sharedBuild(folder: string): Promise<string> {
  if (existsSync(folder)) return folder;
  const out = await build(ROOT);
  try {
    renameSync(out, folder);
  } catch (error) {
    // Another worker finished first.
    if (!existsSync(folder)) throw error;
    rmSync(out, { recursive: true });
  }
  return folder;
}

/** @param root the root of the repository, or of a copy, which gets a separate build */
export async function buildMom(root = ROOT): Promise<Mom> {
  const shared = root === ROOT ? process.env.MOM_TEST_BUILD : undefined;
  const out = shared === undefined ? await build(root) : await sharedBuild(shared);
  const main = join(out, "src/cli/program/main.js");
  const run: Mom["run"] = (args, folder = ROOT, environment = {}) => {
    const start = performance.now();
    const { FORCE_COLOR: _, ...env } = process.env;
    const ran = spawnSync(process.execPath, [main, ...args], {
      cwd: folder,
      encoding: "utf8",
      env: { ...env, ...environment },
    });
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr, milliseconds: performance.now() - start };
  };
  const start: Mom["start"] = (args) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    return spawn(process.execPath, [main, ...args], { cwd: ROOT, env });
  };
  return {
    main,
    run,
    start,
    dispose: () => (shared === undefined ? rmSync(out, { recursive: true, force: true }) : undefined),
  };
}
