// Bundles the compiled sources. The command line becomes a few files instead of hundreds, which a process loads in half the
// time: the main module, each verb, and what they share. The processes that it starts, and the recipes that it loads by file
// name, are built from the same pieces.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** Small packages that nearly every verb loads: they become part of the program. */
const INLINED = ["commander", "fastest-levenshtein", "picocolors", "supports-hyperlinks"];

/** The folder of the program. As deep as that of its verbs, from where it finds what lies beside the compiled sources. */
const PROGRAM = "src/cli/program";

/**
 * Chevrotain and Ajv in one file each instead of many: `mom check` starts four times as fast.
 * @param root the repository
 */
async function bundleLibraries(root, out) {
  for (const file of ["grammar/chevrotain", "src/data/ajv"])
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

/** The trainer that `mom compile` puts into its folders: one file that needs only `webgpu`. */
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
    // Packages written for `require` find it.
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "error",
  });
}
