// Runs before all tests: it generates modules and chooses a folder in which the command line is built once for all files.
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { TestProject } from "vitest/node";
import { generate } from "../scripts/generate.mjs";
import { CHEVROTAIN } from "../vitest.config.js";

export function setup({ config }: TestProject): (() => void) | undefined {
  generate();
  // The decoder runs in a separate process, which has no TypeScript loader.
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
  // Every test file loads Chevrotain and its hundred modules. Bundled into one file they load half a second faster.
  const bundle = join(mkdtempSync(join(cache, "mom-chevrotain-")), "bundle.mjs");
  const stdin = { contents: 'export * from "chevrotain";', resolveDir: cache };
  buildSync({ stdin, outfile: bundle, bundle: true, format: "esm", logLevel: "error" });
  renameSync(bundle, CHEVROTAIN);
  rmSync(join(bundle, ".."), { recursive: true });
  // In watch mode each run needs the current sources.
  if (config.watch || process.env.MOM_TEST_BUILD !== undefined) return undefined;
  const folder = mkdtempSync(join(cache, "mom-suite-"));
  process.env.MOM_TEST_BUILD = join(folder, "built");
  return () => rmSync(folder, { recursive: true, force: true });
}
