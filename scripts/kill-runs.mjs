// Runs that are killed at random moments, or whose disk fills up, and are then gone on with: each must end as the run that
// nothing happened to, to the last bit.
//   node scripts/kill-runs.mjs [--kills 50] [--full 10] [--seed 1], once `npm run build` has been run.
// A full disk is a small tmpfs, which takes root; without it that part is left out. Prints a table; ends with 1 on any fault.
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomFrom } from "./corruptions.mjs";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    full: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const random = randomFrom(Number(values.seed));
const MOM = new URL("../bin/mom.mjs", import.meta.url).pathname;
const root = mkdtempSync(join(tmpdir(), "mom-kill-"));
const at = (...names) => join(root, ...names);
writeFileSync(
  at("s.mom"),
  `model {
  modality text: bytes
  d_model: 4
  block mixer: mamba { d_state: 2 }
  layers: 1 * mixer
}
objective { text: cross_entropy }
data { source: files("d.jsonl"), length: 8, carry: true, reset: true, held_out: 0.3 }
train { steps: 24, batch: 2, validate_every: 8, checkpoint_every: 2, keep: 2, seed: 3 }
`,
);
const lines = Array.from({ length: 20 }, (_, i) => JSON.stringify({ segments: [{ text: `a line of number ${i}` }] }));
writeFileSync(at("d.jsonl"), `${lines.join("\n")}\n`);
const env = { ...process.env, MOM_CACHE: at("cache"), NO_COLOR: "1" };
const train = (...args) =>
  spawnSync(process.execPath, [MOM, "train", "s.mom", ...args], { cwd: root, encoding: "utf8", env });

/** All that must be the same: the last checkpoint's files by their sums, and every measurement. */
const endOf = (run) => {
  const sums = at(run, "checkpoints/step-24/SHA256SUMS");
  return existsSync(sums) ? readFileSync(sums, "utf8") + readFileSync(at(run, "metrics.jsonl"), "utf8") : "none";
};
const stepsIn = (run) =>
  existsSync(at(run, "checkpoints"))
    ? readdirSync(at(run, "checkpoints")).filter((name) => /^step-\d+$/.test(name))
    : [];

/** Begins the run anew where there is none, else goes on with it. */
function goOn(run) {
  const there = existsSync(at(run));
  const { status, stderr } = train("--out", run, ...(there ? ["--resume"] : []));
  return { status, stderr, there };
}

const rows = new Map();
let faults = 0;
function count(what, when, ended) {
  const key = `${what}\t${when}\t${ended}`;
  rows.set(key, (rows.get(key) ?? 0) + 1);
  if (ended !== "the same end") faults++;
}

const begun = Date.now();
const whole = train("--out", "whole");
if (whole.status !== 0) throw new Error(whole.stderr);
// The first run prepared the data; the second says how long one takes.
const again = Date.now();
train("--out", "again");
const took = Date.now() - again;
const wanted = endOf("whole");
if (endOf("again") !== wanted) throw new Error("Two runs that nothing happened to differ.");

for (let i = 0; i < Number(values.kills); i++) {
  const run = `killed-${i}`;
  const child = spawn(process.execPath, [MOM, "train", "s.mom", "--out", run], { cwd: root, env, stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await new Promise((resolve) => setTimeout(resolve, took * (0.1 + 0.9 * random())));
  child.kill("SIGKILL");
  const signal = await ended;
  const steps = stepsIn(run).length;
  const when = !existsSync(at(run))
    ? "before its folder"
    : steps === 0
      ? "before a checkpoint"
      : signal
        ? "between checkpoints"
        : "at its end";
  const { status, stderr } = goOn(run);
  count(
    "killed",
    when,
    status !== 0 ? `exit ${status}: ${stderr.slice(0, 200)}` : endOf(run) === wanted ? "the same end" : "ANOTHER END",
  );
  rmSync(at(run), { recursive: true, force: true });
}

const sizeOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, path: older, name }) => sum + statSync(join(parentPath ?? older, name)).size, 0);
const room = sizeOf(at("whole"));
const disk = at("disk");
mkdirSync(disk);
const mount = (...args) => spawnSync("mount", ["-t", "tmpfs", ...args, "none", disk]).status === 0;
for (let i = 0; i < Number(values.full); i++) {
  const kilobytes = Math.ceil((room * (0.1 + 0.9 * random())) / 1024);
  if (!mount("-o", `size=${kilobytes}k`)) {
    process.stdout.write("No tmpfs can be mounted (that takes root): full disks are left out.\n");
    break;
  }
  try {
    const { status, stderr } = train("--out", "disk/run");
    const told = /the disk is full/.test(stderr) ? "told" : status === 0 ? "it had room" : "NOT TOLD";
    const when = !existsSync(at("disk/run"))
      ? "before its folder"
      : stepsIn("disk/run").length === 0
        ? "before a checkpoint"
        : "after one";
    mount("-o", "remount,size=64m");
    const on = goOn("disk/run");
    const same = on.status === 0 && endOf("disk/run") === wanted && told !== "NOT TOLD";
    count(
      "disk full",
      `${when}, exit ${status}, ${told}`,
      same ? "the same end" : `exit ${on.status}: ${on.stderr.slice(0, 200)}`,
    );
  } finally {
    spawnSync("umount", [disk]);
  }
}
const cells = [...rows].map(([key, n]) => [...key.split("\t"), String(n)]).sort();
const width = (column) => Math.max(...cells.map((row) => row[column].length));
for (const row of cells)
  process.stdout.write(
    `${row
      .map((cell, i) => cell.padEnd(width(i)))
      .join("  ")
      .trimEnd()}\n`,
  );
process.stdout.write(
  `${faults} faults; a run takes ${took} ms here, all took ${Math.round((Date.now() - begun) / 1000)} s\n`,
);
rmSync(root, { recursive: true, force: true });
process.exitCode = faults === 0 ? 0 : 1;
