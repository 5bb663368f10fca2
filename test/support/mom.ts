// The command line as a process of its own, built from the sources as they are.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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
  /** The same, without waiting for its end. */
  readonly start: (args: readonly string[]) => ChildProcess;
  readonly dispose: () => void;
}

/** What scripts/build.mjs makes, in a folder of its own and without the type checker. */
export async function buildMom(): Promise<Mom> {
  const cache = join(ROOT, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const out = mkdtempSync(join(cache, "mom-"));
  const entryPoints = ["src", "grammar"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
      .map((file) => join(ROOT, folder, file)),
  );
  await build({ entryPoints, outdir: out, outbase: ROOT, format: "esm", logLevel: "error" });
  const chevrotain = {
    entryPoints: [join(ROOT, "grammar/chevrotain.ts")],
    outfile: join(out, "grammar/chevrotain.js"),
  };
  await build({ ...chevrotain, bundle: true, minify: true, format: "esm", logLevel: "error", allowOverwrite: true });
  const trainer = { entryPoints: [join(out, "src/cli/standalone.js")], outfile: join(out, "train.mjs") };
  await build({ ...trainer, bundle: true, platform: "node", format: "esm", external: ["webgpu"], logLevel: "error" });
  const main = join(out, "src/cli/main.js");
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
  return { main, run, start, dispose: () => rmSync(out, { recursive: true, force: true }) };
}
