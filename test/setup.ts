// Before all tests: the generated modules, and a place where the command line is built once for all files.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { TestProject } from "vitest/node";
import { generate } from "../scripts/generate.mjs";
import { CHEVROTAIN } from "../vitest.config.js";

export function setup({ config }: TestProject): (() => void) | undefined {
  generate();
  // What runs in a process of its own has no TypeScript loader there.
  const decoder = fileURLToPath(new URL("../src/api/node/pictures/decoder", import.meta.url));
  buildSync({
    entryPoints: [`${decoder}.ts`],
    outfile: `${decoder}.js`,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  const cache = fileURLToPath(new URL("../node_modules/.cache", import.meta.url));
  mkdirSync(cache, { recursive: true });
  // Every test file loads Chevrotain, and some hundred modules with it: half a second less each from one file.
  const whole = join(mkdtempSync(join(cache, "mom-chevrotain-")), "whole.mjs");
  const stdin = { contents: 'export * from "chevrotain";', resolveDir: cache };
  buildSync({ stdin, outfile: whole, bundle: true, format: "esm", logLevel: "error" });
  renameSync(whole, CHEVROTAIN);
  rmSync(join(whole, ".."), { recursive: true });
  // While files are watched, each run has to see the sources as they are by then.
  if (config.watch || process.env.MOM_TEST_BUILD !== undefined) return undefined;
  const folder = mkdtempSync(join(cache, "mom-suite-"));
  process.env.MOM_TEST_BUILD = join(folder, "built");
  return () => rmSync(folder, { recursive: true, force: true });
}
