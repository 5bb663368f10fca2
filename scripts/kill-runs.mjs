// Kills runs at random moments or fills their disk, and resumes them. Each must be byte-identical to an uninterrupted run.
//   node scripts/kill-runs.mjs [--kills 50] [--full 10] [--seed 1]
// A full disk is a small tmpfs, which needs root. Without root, that test is skipped. Prints a table and exits with 1 if
// there is a fault. Needs `npm run build`.
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

/** Everything that must be equal: the checksums of the last checkpoint and all metrics. */
const endOf = (run) => {
  const sums = at(run, "checkpoints/step-24/SHA256SUMS");
  return existsSync(sums) ? readFileSync(sums, "utf8") + readFileSync(at(run, "metrics.jsonl"), "utf8") : "none";
};
const stepsIn = (run) =>
  existsSync(at(run, "checkpoints"))
    ? readdirSync(at(run, "checkpoints")).filter((name) => /^step-\d+$/.test(name))
    : [];

/** Starts the run, or resumes it if it exists. */
function startOrResume(run) {
  const there = existsSync(at(run));
  const { status, stderr } = train("--out", run, ...(there ? ["--resume"] : []));
  return { status, stderr, there };
}

const rows = new Map();
let faults = 0;
function count(what, when, ended) {
  const key = `${what}\t${when}\t${ended}`;
  rows.set(key, (rows.get(key) ?? 0) + 1);
  if (ended !== "same result") faults++;
}

const begun = Date.now();
const uninterrupted = train("--out", "uninterrupted");
if (uninterrupted.status !== 0) throw new Error(uninterrupted.stderr);
// The first run prepares the data, and the second one is timed.
const again = Date.now();
train("--out", "again");
const took = Date.now() - again;
const wanted = endOf("uninterrupted");
if (endOf("again") !== wanted) throw new Error("Two uninterrupted runs differ.");

for (let i = 0; i < Number(values.kills); i++) {
  const run = `killed-${i}`;
  const child = spawned("train", "s.mom", "--out", run);
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  await new Promise((resolve) => setTimeout(resolve, took * (0.1 + 0.9 * random())));
  child.kill("SIGKILL");
  const signal = await ended;
  const steps = stepsIn(run).length;
  const when = !existsSync(at(run))
    ? "before the folder"
    : steps === 0
      ? "before a checkpoint"
      : signal
        ? "between checkpoints"
        : "after the end";
  const { status, stderr } = startOrResume(run);
  count(
    "killed",
    when,
    status !== 0 ? `exit ${status}: ${stderr.slice(0, 200)}` : endOf(run) === wanted ? "same result" : "OTHER RESULT",
  );
  rmSync(at(run), { recursive: true, force: true });
}

const sizeOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, path: older, name }) => sum + statSync(join(parentPath ?? older, name)).size, 0);
const room = sizeOf(at("uninterrupted"));
const disk = at("disk");
mkdirSync(disk);
const mount = (...args) => spawnSync("mount", ["-t", "tmpfs", ...args, "none", disk]).status === 0;
for (let i = 0; i < Number(values.full); i++) {
  const kilobytes = Math.ceil((room * (0.1 + 0.9 * random())) / 1024);
  if (!mount("-o", `size=${kilobytes}k`)) {
    process.stdout.write("A tmpfs cannot be mounted without root. Full disks are skipped.\n");
    break;
  }
  try {
    const { status, stderr } = train("--out", "disk/run");
    const report = /the disk is full/.test(stderr) ? "reported" : status === 0 ? "had space" : "NOT REPORTED";
    const when = !existsSync(at("disk/run"))
      ? "before the folder"
      : stepsIn("disk/run").length === 0
        ? "before a checkpoint"
        : "after a checkpoint";
    mount("-o", "remount,size=64m");
    const resumed = startOrResume("disk/run");
    const same = resumed.status === 0 && endOf("disk/run") === wanted && report !== "NOT REPORTED";
    count(
      "disk full",
      `${when}, exit ${status}, ${report}`,
      same ? "same result" : `exit ${resumed.status}: ${resumed.stderr.slice(0, 200)}`,
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
  `${faults} faults; a run takes ${took} ms, the test took ${Math.round((Date.now() - begun) / 1000)} s\n`,
);
rmSync(root, { recursive: true, force: true });
process.exitCode = faults === 0 ? 0 : 1;
