// Bundles test files into programs for a machine that has a GPU and node but no Vitest:
//   node scripts/bundle-tests.mjs FOLDER test/kernels/kernels.test.ts …
// On that machine, next to node_modules with the production packages:
//   MOM_TEST_ADAPTER=gpu node --test-reporter=spec FOLDER/kernels.mjs
// The programs use Node's test runner and Vitest's matchers. Tests with snapshots or mocks are not supported.
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { generate } from "./generate.mjs";

const [folder, ...files] = process.argv.slice(2);
const missing = files.find((file) => !existsSync(file));
if (!folder || files.length === 0 || missing) {
  const reason = missing ? `There is no ${missing}.\n` : "";
  process.stderr.write(`${reason}Usage: node scripts/bundle-tests.mjs FOLDER TEST.test.ts …\n`);
  process.exit(2);
}
generate();
const here = dirname(fileURLToPath(import.meta.url));
for (const file of files) {
  await build({
    stdin: {
      contents: `await import("./${basename(file)}");\nawait (await import("vitest")).finished();\n`,
      resolveDir: resolve(dirname(file)),
    },
    outfile: join(folder, `${basename(file).replace(/\.test\.ts$/, "")}.mjs`),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["webgpu", "sharp"],
    alias: { vitest: join(here, "vitest-on-node.mjs") },
    // Provides `require` to packages that use it.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "error",
  });
}
