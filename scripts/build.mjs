// Builds dist/: the generated modules, then TypeScript to JavaScript. With --if-changed, only if dist/ was built from other
// files: npm prepares a clone after `npm ci`, and again at the first `npx mom`.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleAll } from "./bundle-program.mjs";
import { generate, generateTypes } from "./generate.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
/** Holds the hash of the files that dist/ was built from. */
const stamp = join(dist, ".sources");
const SOURCES = [
  ...["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"],
  ...["grammar", "src", "recipes", "scripts", "codegen-templates", "test/reject"],
];

function* filesIn(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) yield path;
  else for (const name of readdirSync(path).sort()) yield* filesIn(join(path, name));
}

/** The hash of all sources, with the modules that a build generates: their paths and contents. */
function hashOfSources() {
  const hash = createHash("sha256");
  for (const source of SOURCES)
    for (const file of filesIn(join(root, source)))
      hash
        .update(`${file.slice(root.length)}\0`)
        .update(readFileSync(file))
        .update("\0");
  return hash.digest("hex");
}

const isBuilt = () => existsSync(stamp) && readFileSync(stamp, "utf8") === hashOfSources();
if (!process.argv.includes("--if-changed") || !isBuilt()) {
  rmSync(dist, { recursive: true, force: true });
  generate();
  await generateTypes();
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
  await bundleAll(root, dist);
  writeFileSync(stamp, hashOfSources());
}
