// Measures the numbers of docs/performance.md and writes them there:
//   node bench/run.mjs [--only a,a-dense,…] [--precision f32,f16] [--adapter gpu|system|swiftshader] [--out docs]
//                      [--tune off|cached|full] [--no-loop] [--no-torch] [--emitted DIR] [--small]
// Times the steps and kernels of the specs in this folder, also with 1 % of the positions in one modality. Times the
// training loop of a and c, and bench/torch_step.py if python3 has torch and a GPU. --emitted also times the PyTorch projects
// that `bash bench/scale.sh prepare DIR a transformer` emitted. Each result replaces the result of the
// same name in OUT/performance.json at once. At the end the tables of OUT/performance.md are rewritten (bench/tables.mjs).
// --small uses small batches and lengths for a CPU adapter. Needs `npm run build`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { benchSpec, namedShares } from "../dist/src/api/bench.js";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { nodeHost } from "../dist/src/api/node/host.js";
import { checkText } from "../dist/src/api/read-spec.js";
import { DEFAULT_TUNE } from "../dist/src/api/tuning.js";
import { TUNE_MODES } from "../dist/src/tune/tune.js";
import { fillTables } from "./tables.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** Names in performance.json, with the file of the spec and the shares of its modalities if they do not alternate. */
const STEPS = [
  { name: "a", spec: "a" },
  { name: "a-dense", spec: "a-dense" },
  { name: "a-rare", spec: "a", share: { text: 0.99, image: 0.01 } },
  { name: "a3", spec: "a3" },
  { name: "a3-dense", spec: "a3-dense" },
  { name: "a3-rare", spec: "a3", share: { text: 0.98, image: 0.01, speech: 0.01 } },
  { name: "c", spec: "c" },
  { name: "c-dense", spec: "c-dense" },
  { name: "b", spec: "b" },
  { name: "b-dense", spec: "b-dense" },
  { name: "transformer", spec: "transformer" },
];
const EMITTED = ["a", "transformer"];
const LOOPS = ["a", "c"];
const LOOP_STEPS = 50;

const { values: flags } = parseArgs({
  allowNegative: true,
  options: {
    only: { type: "string" },
    precision: { type: "string", default: "f32" },
    adapter: { type: "string" },
    out: { type: "string", default: "docs" },
    tune: { type: "string", default: DEFAULT_TUNE },
    loop: { type: "boolean", default: true },
    torch: { type: "boolean", default: true },
    emitted: { type: "string" },
    small: { type: "boolean", default: false },
  },
});
const known = [...STEPS.map(({ name }) => name), ...LOOPS.map((name) => `loop-${name}`), "torch", "emitted"];
const only = flags.only?.split(",");
const unknown = only?.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`Unknown name for --only: ${unknown}. The names are ${known.join(", ")}.`);
  process.exit(2);
}
if (!TUNE_MODES.includes(flags.tune)) {
  console.error(`Invalid value for --tune: ${flags.tune}. The values are ${TUNE_MODES.join(", ")}.`);
  process.exit(2);
}
const wanted = (name) => only?.includes(name) ?? true;

mkdirSync(flags.out, { recursive: true });
const file = join(flags.out, "performance.json");
const found = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { steps: [], loops: [], torch: null };

function keep(list, made) {
  const same = (one) => one.name === made.name && one.precision === made.precision;
  const at = list.findIndex(same);
  if (at < 0) list.push(made);
  else list[at] = made;
  write();
}

function write() {
  const aside = `${file}.${process.pid}.writing`;
  writeFileSync(aside, `${JSON.stringify(found, null, 2)}\n`);
  renameSync(aside, file);
}

/** A spec in this folder with the given precision, and with small sizes if --small is given. */
function specOf(name, precision) {
  const train = [...(flags.small ? ["batch: 2"] : []), ...(precision === "f32" ? [] : [`precision: ${precision}`])];
  const small = flags.small ? "data { length: 64 }\nmodel { d_model: 32 }\n" : "";
  const text = `import "${name}.mom"\n${small}train { ${train.join(", ")} }\n`;
  const { spec, diagnostics } = checkText(nodeDisk, text, join(here, "run.mom"));
  if (!spec) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return spec;
}

/** What `mom bench` measures. */
async function measured(spec, options) {
  const { tune, adapter } = flags;
  return (await benchSpec(nodeHost, spec, { tune, adapter, notice: console.error, ...options })).found;
}

const milliseconds = (seconds) => `${(1000 * seconds).toPrecision(4)} ms`;
let failures = 0;
/** Runs the work. If a step does not fit on the device, the others are still measured. */
async function tried(name, work) {
  try {
    await work();
  } catch (error) {
    failures++;
    console.error(`${name}: ${error.message}`);
  }
}

for (const precision of flags.precision.split(",")) {
  for (const { name, spec: from, share } of STEPS.filter((step) => wanted(step.name))) {
    await tried(name, async () => {
      const spec = specOf(from, precision);
      const shares = share && namedShares(new Map(Object.entries(share)), spec.model.modalities);
      keep(found.steps, { name, precision, share: share ?? null, ...(await measured(spec, { shares })) });
      const { stepSeconds, bytesAllocated } = found.steps.find(
        (one) => one.name === name && one.precision === precision,
      );
      console.log(`${name} ${precision}: ${milliseconds(stepSeconds)}, ${(bytesAllocated / 2 ** 30).toFixed(2)} GiB`);
    });
  }
  for (const name of LOOPS.filter((one) => flags.loop && wanted(`loop-${one}`))) {
    await tried(`loop-${name}`, async () => {
      const loop = await measured(specOf(name, precision), { loopSteps: flags.small ? 4 : LOOP_STEPS });
      keep(found.loops, { name, precision, ...loop });
      console.log(`loop-${name} ${precision}: the device is busy ${(100 * loop.busy).toFixed(1)} % of the time`);
    });
  }
}

if (flags.torch && wanted("torch")) {
  if (spawnSync("python3", ["-c", "import torch"]).status !== 0) {
    console.log("torch: python3 has no torch");
  } else {
    const small = flags.small ? ["--small"] : [];
    const ran = spawnSync("python3", [join(here, "torch_step.py"), "--gemms", ...small], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (ran.status === 0) {
      found.torch = JSON.parse(ran.stdout);
      write();
    } else {
      failures++;
    }
  }
}

/** Times an emitted project on one GPU with bench/scale.py. Returns its row; undefined if it failed. */
function timeEmitted(project, precision) {
  const ran = spawnSync(
    "torchrun",
    [
      ...["--nproc-per-node", "1", join(here, "scale.py"), join(flags.emitted, project)],
      ...["--kind", "weak", "--precision", precision],
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  const row = ran.stdout?.split("\n").find((line) => line.startsWith("{"));
  return row && JSON.parse(row);
}

if (flags.emitted && wanted("emitted")) {
  found.emitted ??= [];
  for (const name of EMITTED) {
    for (const precision of ["f32", "bf16"]) {
      const row = timeEmitted(name, precision);
      if (row === undefined) failures++;
      else {
        const { device, torch, step_ms, tokens_per_s, peak_gib } = row;
        keep(found.emitted, { name, precision, device, torch, step_ms, tokens_per_s, peak_gib });
        console.log(`emitted ${name} ${precision}: ${step_ms} ms`);
      }
    }
  }
}
fillTables(flags.out);
console.log(`Wrote ${file} and performance.md.`);
process.exit(failures > 0 ? 1 : 0);
