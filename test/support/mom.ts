// Builds the command line from the sources and runs it.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { bundleAll } from "../../scripts/bundle-program.mjs";
import { startInTurn } from "./in-turn.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

type Run = (args: readonly string[], folder?: string, environment?: Readonly<Record<string, string>>) => Outcome;

export interface Mom {
  /** The path of the main module. */
  readonly main: string;
  /**
   * Runs the command in a process that runs all commands of the test file one after another. It keeps its device and its
   * compiled kernels, so most commands take a tenth of the time of `runAlone`.
   */
  readonly run: Run;
  /** Runs the command in a process of its own, which settings that a process reads once need. */
  readonly runAlone: Run;
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

function timed(run: () => Omit<Outcome, "milliseconds">): Outcome {
  const start = performance.now();
  return { ...run(), milliseconds: performance.now() - start };
}

/** @param root the root of the repository, or of a copy, which gets a separate build */
export async function buildMom(root = ROOT): Promise<Mom> {
  const shared = root === ROOT ? process.env.MOM_TEST_BUILD : undefined;
  const out = shared === undefined ? await build(root) : await sharedBuild(shared);
  const main = join(out, "src/cli/program/main.js");
  const inTurn = startInTurn(main);
  const run: Run = (args, folder = ROOT, environment = {}) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    return timed(() => inTurn.run({ args, folder, environment: { ...env, ...environment } }));
  };
  const runAlone: Run = (args, folder = ROOT, environment = {}) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    return timed(() => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
        cwd: folder,
        encoding: "utf8",
        env: { ...env, ...environment },
      });
      return { code: status, stdout, stderr };
    });
  };
  const start: Mom["start"] = (args) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    return spawn(process.execPath, [main, ...args], { cwd: ROOT, env });
  };
  return {
    main,
    run,
    runAlone,
    start,
    dispose: () => {
      inTurn.stop();
      if (shared === undefined) rmSync(out, { recursive: true, force: true });
    },
  };
}
