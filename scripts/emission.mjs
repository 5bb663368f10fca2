// Shows whether a change to the compiler changes what it emits: WGSL, buffers, bindings and dispatches.
//   node scripts/emission.mjs collect FOLDER                 what this checkout emits, as JSON files
//   node scripts/emission.mjs compare BEFORE AFTER [NAMES]   exit 1 where two such folders differ
// NAMES is a JSON object of old names to new ones, which replace whole words of BEFORE. Run `npm run build` first.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** A modest device, both kinds of CPU adapter that run the tests, and one with matrix units. */
const PROFILES = ["webgpu-default", "swiftshader", "llvmpipe", "nvidia-h100"];
const SHOWN = 20;

const specs = () =>
  ["specs", "bench"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".mom"))
      .sort()
      .map((name) => join(folder, name)),
  );

/** One file for each spec and profile. A spec that a profile refuses is recorded with the refusal. */
async function collect(folder) {
  const { compile } = await import(join(ROOT, "dist/src/index.js"));
  mkdirSync(folder, { recursive: true });
  for (const spec of specs()) {
    for (const device of PROFILES) {
      const file = `${spec.replaceAll("/", "_")}.${device}.json`;
      writeFileSync(join(folder, file), `${JSON.stringify(emitted(compile, spec, device), undefined, 1)}\n`);
    }
  }
  console.log(`${specs().length} specs on ${PROFILES.length} profiles: ${relative(process.cwd(), folder)}`);
}

function emitted(compile, spec, device) {
  try {
    const { kernels, plan } = compile(join(ROOT, spec), { device });
    return { ...plan, kernels };
  } catch (error) {
    if (error.name !== "Failure" && error.name !== "InputError") throw error;
    return { refused: error.message.replaceAll(ROOT, "") };
  }
}

function compare(before, after, names) {
  const renamed = renamer(names === undefined ? {} : JSON.parse(readFileSync(names, "utf8")));
  const files = [...new Set([...readdirSync(before), ...readdirSync(after)])].sort();
  const differences = files.flatMap((file) => {
    const [was, is] = [textOf(join(before, file)), textOf(join(after, file))];
    if (was === undefined || is === undefined) return [`${file}: only ${was === undefined ? "after" : "before"}`];
    const [old, now] = [renamed(was), is].map((text) => text.split("\n"));
    const line = old.findIndex((one, i) => one !== now[i]);
    if (line < 0 && old.length === now.length) return [];
    const at = line < 0 ? old.length : line;
    return [`${file}:${at + 1}\n  before ${excerpt(old[at])}\n  after  ${excerpt(now[at])}`];
  });
  console.log(differences.slice(0, SHOWN).join("\n"));
  console.log(`${files.length - differences.length} of ${files.length} are equal`);
  return files.length > 0 && differences.length === 0;
}

const excerpt = (line = "(nothing)") => line.trim().slice(0, 200);

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Replaces whole words, all at once, so that names can be exchanged. */
function renamer(names) {
  const old = Object.keys(names).sort((a, b) => b.length - a.length);
  if (old.length === 0) return (text) => text;
  const escaped = old.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const words = new RegExp(`(?<![\\w.])(?:${escaped.join("|")})(?![\\w])`, "g");
  return (text) => text.replaceAll(words, (name) => names[name]);
}

const [command, ...args] = process.argv.slice(2);
if (command === "collect" && args.length === 1) await collect(args[0]);
else if (command === "compare" && (args.length === 2 || args.length === 3)) process.exitCode = compare(...args) ? 0 : 1;
else {
  console.error("usage: node scripts/emission.mjs collect FOLDER | compare BEFORE AFTER [NAMES]");
  process.exitCode = 2;
}
