// Shows whether a change to the compiler changes its output: WGSL (without comments), buffers, bindings and dispatches.
//   node scripts/emission.mjs collect FOLDER [PART]          writes the output as JSON files, of specs whose paths contain PART
//   node scripts/emission.mjs compare BEFORE AFTER [NAMES]   exit 1 if two such folders differ
// NAMES is a JSON file that maps old names to new ones. They replace whole words of BEFORE; `*` matches a word.
// scripts/emission-nodes.json lists nodes of BEFORE that were split. The pieces are compared as one node that runs all
// their dispatches in order. The keys `holds`, `means` and `scope` of buffers and fields are not compared, because only
// the host reads them. Their names are compared.
// Run `npm run build` first.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** The default limits, both CPU adapters that run the tests, and a device with matrix units. */
const PROFILES = ["webgpu-default", "swiftshader", "llvmpipe", "nvidia-h100"];
const SHOWN = 20;

const specs = () =>
  ["specs", "bench"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".mom"))
      .sort()
      .map((name) => join(folder, name)),
  );

/** Writes one file for each spec and profile. If a profile refuses a spec, the file has the reason. */
async function collect(folder, part = "") {
  const { compile } = await import(join(ROOT, "dist/src/index.js"));
  mkdirSync(folder, { recursive: true });
  const chosen = specs().filter((spec) => spec.includes(part));
  for (const spec of chosen) {
    for (const device of PROFILES) {
      const file = `${spec.replaceAll("/", "_")}.${device}.json`;
      writeFileSync(join(folder, file), `${JSON.stringify(emitted(compile, spec, device), undefined, 1)}\n`);
    }
  }
  console.log(`${chosen.length} specs on ${PROFILES.length} profiles: ${relative(process.cwd(), folder)}`);
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
  const several = JSON.parse(readFileSync(join(ROOT, "scripts/emission-nodes.json"), "utf8"));
  const files = [...new Set([...readdirSync(before), ...readdirSync(after)])].sort();
  const differences = files.flatMap((file) => {
    const [was, is] = [textOf(join(before, file)), textOf(join(after, file))];
    if (was === undefined || is === undefined) return [`${file}: only ${was === undefined ? "after" : "before"}`];
    const joins = Object.entries(several).filter(([label]) => was.includes(`"label": "${label}"`));
    const [old, now] = [comparable(was, renamed), comparable(is, undefined, joins)].map((text) => text.split("\n"));
    const line = old.findIndex((one, i) => one !== now[i]);
    if (line < 0 && old.length === now.length) return [];
    const at = line < 0 ? old.length : line;
    return [`${file}:${at + 1}\n  before ${excerpt(old[at])}\n  after  ${excerpt(now[at])}`];
  });
  console.log(differences.slice(0, SHOWN).join("\n"));
  console.log(`${files.length - differences.length} of ${files.length} are equal`);
  return files.length > 0 && differences.length === 0;
}

/** Removes comments from kernels. Their names end with digests of the remaining text. */
function comparable(text, renamed = (unchanged) => unchanged, joins = []) {
  const emitted = JSON.parse(text);
  const kernels = emitted.kernels?.map(({ name, source, ...rest }) => {
    const code = renamed(source.replaceAll(/[ \t]*\/\/[^\n]*/g, ""));
    const digest = createHash("sha256").update(code).digest("hex").slice(0, 8);
    return { name: renamed(name).replace(/[0-9a-f]{8}$/, digest), source: code.split("\n"), ...rest };
  });
  const buffers = emitted.buffers?.map(({ holds, ...buffer }) => buffer);
  const fields = emitted.fields?.map(({ means, scope, ...field }) => field);
  const { refused } = emitted;
  const phases = emitted.phases?.map(({ name, nodes }) => ({ name, nodes: joins.reduce(joined, nodes) }));
  const others = renamed(JSON.stringify({ refused, buffers, phases, fields }, undefined, 1));
  return `${JSON.stringify(kernels, undefined, 1)}\n${others}`;
}

/** Joins consecutive nodes with these labels into one node. Each of them has one choice. */
function joined(nodes, [label, parts]) {
  const first = nodes.findIndex((_, i) => parts.every((part, k) => nodes[i + k]?.label === part));
  const those = first < 0 ? [] : nodes.slice(first, first + parts.length);
  if (first < 0 || those.some(({ choices }) => choices.length !== 1)) return nodes;
  const [choice] = those[0].choices;
  const dispatches = those.flatMap(({ choices }) => choices[0].dispatches);
  const one = { label, outputs: [], choices: [{ ...choice, dispatches }] };
  return [...nodes.slice(0, first), one, ...nodes.slice(first + parts.length)];
}

const excerpt = (line = "(nothing)") => line.trim().slice(0, 200);

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Replaces complete words simultaneously, so names can be exchanged. */
function renamer(names) {
  const old = Object.keys(names).sort((a, b) => b.length - a.length);
  if (old.length === 0) return (text) => text;
  const patterns = old.map((name) => name.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replace("*", "(\\w+)"));
  const words = new RegExp(`(?<![\\w.])(?:${patterns.join("|")})(?![\\w])`, "g");
  const whole = patterns.map((pattern) => new RegExp(`^${pattern}$`));
  return (text) =>
    text.replaceAll(words, (name) => {
      const at = whole.findIndex((pattern) => pattern.test(name));
      return names[old[at]].replace("*", whole[at].exec(name)[1]);
    });
}

const [command, ...args] = process.argv.slice(2);
if (command === "collect" && (args.length === 1 || args.length === 2)) await collect(...args);
else if (command === "compare" && (args.length === 2 || args.length === 3)) process.exitCode = compare(...args) ? 0 : 1;
else {
  console.error("Usage: node scripts/emission.mjs collect FOLDER [PART] | compare BEFORE AFTER [NAMES]");
  process.exitCode = 2;
}
