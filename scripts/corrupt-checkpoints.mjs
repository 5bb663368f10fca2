// Damages the files of a checkpoint with carried states at random and prints how each reader reacts:
//   node scripts/corrupt-checkpoints.mjs [--each 100] [--processes 4] [--seed 1]
// This process reads each damaged checkpoint as `train --resume`, `eval`, `eval --step` and `init: checkpoint(…)` do.
// For `--processes` damages of each file, the commands run as processes. A reader must refuse the checkpoint, use the
// previous one with a warning, or return the same weights if it does not read the damaged file. All else is a fault.
// Needs `npm run build`.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { serialize } from "node:v8";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { Failure } from "../dist/src/diagnostics/failure.js";
import { InputError } from "../dist/src/diagnostics/input-error.js";
import { folderWeights, latestCheckpoint, runWeights } from "../dist/src/train/checkpoint.js";
import { runAt } from "../dist/src/train/run-folder.js";
import { readWeights } from "../dist/src/train/start-source.js";
import { corrupted, randomFrom } from "./corruptions.mjs";
import { tinyProject, tinySpec } from "./tiny-project.mjs";

const { values } = parseArgs({
  options: {
    each: { type: "string", default: "100" },
    processes: { type: "string", default: "4" },
    seed: { type: "string", default: "1" },
  },
});
const random = randomFrom(Number(values.seed));
const FIELDS = "steps: 4, validate_every: 4";
const { root, at, mom } = tinyProject("corrupt", FIELDS);
writeFileSync(at("i.mom"), tinySpec(`${FIELDS}, init: checkpoint("run/checkpoints/step-4")`));

const trained = mom("train", "s.mom", "--out", "intact");
if (trained.status !== 0) throw new Error(trained.stderr);
cpSync(at("intact"), at("run"), { recursive: true });
const FOLDER = at("run/checkpoints/step-4");
const FILES = readdirSync(FOLDER);
const weightsOf = (tensors) =>
  Buffer.concat(
    [...tensors].flatMap(([name, { data }]) => [
      Buffer.from(name),
      Buffer.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    ]),
  );

/** Readers of the checkpoint. Each returns the bytes and the number of warnings. */
const READERS = {
  resume: () => {
    const { checkpoint, warnings } = latestCheckpoint(runAt(at("run"), nodeDisk));
    return { bytes: serialize(checkpoint), warnings: warnings.length };
  },
  eval: () => {
    const { weights, warnings } = runWeights(runAt(at("run"), nodeDisk));
    return { bytes: weightsOf(weights.tensors), warnings: warnings.length };
  },
  "eval --step": () => ({ bytes: weightsOf(folderWeights(FOLDER, nodeDisk).tensors), warnings: 0 }),
  "init of the folder": () => init(FOLDER),
  "init of the file": () => init(join(FOLDER, "weights.safetensors")),
};
function init(path) {
  const { weights, warnings } = readWeights({ kind: "checkpoint", path }, path, nodeDisk);
  return { bytes: weightsOf(weights.tensors), warnings: warnings.length };
}

function outcome(reader, intact, older) {
  try {
    const { bytes, warnings } = READERS[reader]();
    if (bytes.equals(intact[reader])) return "the same";
    if (older[reader] && bytes.equals(older[reader])) return warnings > 0 ? "older, warned" : "OLDER, SILENT";
    return "OTHER WEIGHTS";
  } catch (error) {
    return error instanceof Failure || error instanceof InputError ? "refused" : `CRASH ${error}`;
  }
}

const damage = (name, bytes) => {
  rmSync(join(FOLDER, name), { force: true });
  if (bytes !== undefined) writeFileSync(join(FOLDER, name), bytes);
};

const read = () => Object.fromEntries(Object.keys(READERS).map((reader) => [reader, READERS[reader]().bytes]));
const intact = read();
cpSync(FOLDER, at("kept"), { recursive: true });
rmSync(FOLDER, { recursive: true });
const older = { resume: READERS.resume().bytes, eval: READERS.eval().bytes };
cpSync(at("kept"), FOLDER, { recursive: true });
const finalSums = (run) => readFileSync(at(run, "checkpoints/step-4/SHA256SUMS"), "utf8");

/** The outcomes of the commands with the damaged checkpoint: [command, outcome]. */
function byProcesses() {
  const code = (ran) => (ran.status === 1 ? "refused" : `exit ${ran.status}`);
  const rows = [];
  cpSync(at("run"), at("again"), { recursive: true });
  const resumed = mom("train", "s.mom", "--out", "again", "--resume");
  const same = resumed.status === 0 && finalSums("again") === finalSums("intact");
  const warned = resumed.stderr.includes("MOM0507") ? "resumed from the older, warned" : "resumed WITHOUT A WARNING";
  rows.push([
    "train --resume",
    resumed.status === 0 ? `${warned}${same ? ", same result" : ", OTHER RESULT"}` : code(resumed),
  ]);
  rmSync(at("again"), { recursive: true, force: true });
  const evaluated = mom("eval", "run", "--json");
  const step = evaluated.status === 0 ? JSON.parse(evaluated.stdout).step : undefined;
  rows.push(["eval", step === undefined ? code(evaluated) : step === 4 ? "the same" : "older, warned"]);
  const started = mom("train", "i.mom", "--out", "started");
  rows.push(["train with init", started.status === 0 ? "the same" : code(started)]);
  rmSync(at("started"), { recursive: true, force: true });
  return rows;
}

const counts = new Map();
const count = (file, how, what) => {
  const key = `${file}\t${how}\t${what}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
for (const name of FILES) {
  const bytes = readFileSync(join(FOLDER, name));
  for (let i = 0; i < Number(values.each); i++) {
    const { bytes: damaged } = corrupted(bytes, i, random);
    damage(name, damaged);
    for (const reader of Object.keys(READERS)) count(name, reader, outcome(reader, intact, older));
    if (i < Number(values.processes)) for (const [how, what] of byProcesses()) count(name, `mom ${how}`, what);
  }
  damage(name, bytes);
}
const rows = [...counts].map(([key, n]) => [...key.split("\t"), String(n)]);
const width = (column) => Math.max(...rows.map((row) => row[column].length));
for (const row of rows)
  process.stdout.write(
    `${row
      .map((cell, i) => cell.padEnd(width(i)))
      .join("  ")
      .trimEnd()}\n`,
  );
const faults = rows.filter(([, , what]) => /[A-Z]{3}|exit/.test(what)).reduce((sum, [, , , n]) => sum + Number(n), 0);
process.stdout.write(`${faults} faults\n`);
rmSync(root, { recursive: true, force: true });
process.exitCode = faults === 0 ? 0 : 1;
