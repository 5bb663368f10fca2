// Kills runs at random moments, or fills their disk, and resumes them. Each must end byte-identical to an uninterrupted
// run.
//   node scripts/kill-runs.mjs [--kills 50] [--full 10] [--seed 1], once `npm run build` has been run.
// A full disk is a small tmpfs, which needs root; without root that part is skipped. Prints a table; exits with 1 on any fault.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { randomFrom } from "./corruptions.mjs";
import { tinyProject } from "./tiny-project.mjs";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    full: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const random = randomFrom(Number(values.seed));
const { root, at, mom, spawned } = tinyProject("kill", "steps: 24, validate_every: 8, keep: 2");
const train = (...args) => mom("train", "s.mom", ...args);

/** All that must be the same: the last checkpoint's files by their sums, and every measurement. */
const endOf = (run) => {
  const sums = at(run, "checkpoints/step-24/SHA256SUMS");
  return existsSync(sums) ? readFileSync(sums, "utf8") + readFileSync(at(run, "metrics.jsonl"), "utf8") : "none";
};
const stepsIn = (run) =>
  existsSync(at(run, "checkpoints"))
    ? readdirSync(at(run, "checkpoints")).filter((name) => /^step-\d+$/.test(name))
    : [];

/** Starts the run, or resumes it where there is one. */
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
// The first run prepares the data; the second one is timed.
const again = Date.now();
train("--out", "again");
const took = Date.now() - again;
const wanted = endOf("whole");
if (endOf("again") !== wanted) throw new Error("Two runs that nothing happened to differ.");

for (let i = 0; i < Number(values.kills); i++) {
  const run = `killed-${i}`;
  const child = spawned("train", "s.mom", "--out", run);
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
    const report = /the disk is full/.test(stderr) ? "reported" : status === 0 ? "it had room" : "NOT REPORTED";
    const when = !existsSync(at("disk/run"))
      ? "before its folder"
      : stepsIn("disk/run").length === 0
        ? "before a checkpoint"
        : "after one";
    mount("-o", "remount,size=64m");
    const on = goOn("disk/run");
    const same = on.status === 0 && endOf("disk/run") === wanted && report !== "NOT REPORTED";
    count(
      "disk full",
      `${when}, exit ${status}, ${report}`,
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
