// Bundles the compiled sources. The command line becomes a few files instead of hundreds, which load in half the time:
// the main module, each command, and shared modules. Worker processes and recipes, which are loaded by file name, are
// bundled from the same modules.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Small packages that nearly every command loads. They are bundled into the program. */
const INLINED = ["commander", "fastest-levenshtein", "picocolors", "supports-hyperlinks"];

/** The folder of the program, at the same depth as the commands, which find files relative to their folder. */
const PROGRAM = "src/cli/program";

/**
 * Bundles Chevrotain and Ajv into one file each, which makes `mom check` start four times as fast, and minifies the spec's validator,
 * which every command loads.
 * @param root the repository
 */
async function bundleLibraries(root, out) {
  for (const file of ["grammar/chevrotain", "src/data/ajv", "src/front/spec-validator.gen"])
    await build({
      entryPoints: [join(root, `${file}.ts`)],
      outfile: join(out, `${file}.js`),
      allowOverwrite: true,
      bundle: true,
      minify: true,
      format: "esm",
      logLevel: "error",
    });
}

/** The trainer that `mom compile` copies into its folders: one file that needs only `webgpu`. */
const bundleTrainer = (out) =>
  build({
    entryPoints: [join(out, "src/cli/standalone.js")],
    outfile: join(out, "train.mjs"),
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: ["webgpu"],
    banner: { js: "// Made by mom compile." },
    logLevel: "error",
  });

/** @param out the folder of the compiled sources, to which all bundles are written */
export async function bundleAll(root, out) {
  await bundleLibraries(root, out);
  await bundleProgram(out);
  await bundleTrainer(out);
}

async function bundleProgram(out) {
  const { dependencies } = JSON.parse(readFileSync(fileURLToPath(new URL("../package.json", import.meta.url)), "utf8"));
  const recipes = readdirSync(join(out, "recipes")).filter((file) => file.endsWith(".js"));
  const entries = {
    [`${PROGRAM}/main`]: "src/cli/main.js",
    [`${PROGRAM}/ablation-worker`]: "src/api/node/ablation-worker.js",
    [`${PROGRAM}/tracker-worker`]: "src/api/node/tracker-worker.js",
    [`${PROGRAM}/pictures/decoder`]: "src/api/node/pictures/decoder.js",
    ...Object.fromEntries(recipes.map((file) => [`recipes/${file.slice(0, -3)}`, `recipes/${file}`])),
  };
  await build({
    entryPoints: Object.entries(entries).map(([to, from]) => ({ in: join(out, from), out: to })),
    outdir: out,
    chunkNames: `${PROGRAM}/[name]-[hash]`,
    allowOverwrite: true,
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    external: Object.keys(dependencies).filter((name) => !INLINED.includes(name)),
    // Provides `require` to packages that use it.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "error",
  });
}
