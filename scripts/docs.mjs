// Builds the documentation into dist-docs/: docs/*.md, the reference and the error codes, with search, as pages that
// work from the disk and over http.
//   npm run docs
//   npm run docs -- --update    first updates the output of commands in docs/*.md
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = join(root, "dist-docs");
execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });

const made = mkdtempSync(join(root, "node_modules/.docs-"));
try {
  const entry = join(made, "main.mjs");
  const common = { bundle: true, logLevel: "error" };
  await build({
    ...common,
    entryPoints: [join(root, "site/main.ts")],
    outfile: entry,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  const client = await build({
    ...common,
    entryPoints: [join(root, "site/client.ts")],
    minify: true,
    write: false,
    format: "iife",
  });
  const { main } = await import(pathToFileURL(entry).href);
  const written = main({
    root,
    out,
    mom: join(root, "bin/mom.mjs"),
    script: client.outputFiles[0].text,
    update: process.argv.includes("--update"),
  });
  console.log(written);
} finally {
  rmSync(made, { recursive: true, force: true });
}
