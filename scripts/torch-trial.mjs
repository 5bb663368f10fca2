// Compares training through an emitted PyTorch project with `mom train`, and numbers of ranks with each other; then kills
// runs at random moments and compares the resumed ones. Slow: minutes for each spec.
//   npm run build && node scripts/torch-trial.mjs SPEC [STEPS] [PATH=VALUE …]
// MOM_TORCH_PYTHON names a Python with PyTorch 2.6 or later; MOM_TRIAL_ADAPTER the adapter of `mom train`.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { differences, updatesOf } from "./run-differences.mjs";
import { finished, startRanks } from "./torch-ranks.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const ADAPTER = process.env.MOM_TRIAL_ADAPTER ?? "swiftshader";
const KILLS = 5;

const [spec = "specs/quickstart.mom", steps = "100", ...settings] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "mom-torch-trial-"));
const project = join(folder, "project");
const every = Math.max(1, Math.floor(Number(steps) / 10));
const set = [`train.steps=${steps}`, `train.checkpoint_every=${every}`, ...settings].flatMap((one) => ["--set", one]);

function mom(...args) {
  const { status } = spawnSync(process.execPath, [join(root, "bin/mom.mjs"), ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) process.exit(1);
}

const ranks = (count, out, ...args) => startRanks(project, count, "--out", join(folder, out), ...args);

const compare = (run, other) => process.stdout.write(differences(join(folder, run), join(folder, other)));

/** Kills a run on two ranks at a random moment, and resumes it on as many ranks as `resumed`. */
async function killed(name, resumed) {
  const processes = await ranks(2, name);
  const start = Date.now();
  const records = join(folder, name, "metrics.jsonl");
  while (!existsSync(records)) await after(100);
  const wanted = 1 + Math.floor(Math.random() * (Number(steps) - 2));
  while (updatesOf(join(folder, name)).size < wanted && Date.now() - start < 600_000) await after(20);
  // Its group: the command may start other processes.
  for (const { pid } of processes) process.kill(-pid, "SIGKILL");
  await Promise.all(processes.map((one) => one.exitCode ?? one.signalCode ?? once(one, "exit")));
  process.stdout.write(
    `${name}: killed after step ${updatesOf(join(folder, name)).size}, resumed on ${resumed} ranks\n`,
  );
  await finished(await ranks(resumed, name, "--resume"));
}

process.stdout.write(`${basename(spec)}, ${steps} steps, in ${folder}\n`);
mom("compile", spec, "--target", "torch", "-o", project, ...set);
mom("train", spec, "--out", join(folder, "mom"), "--adapter", ADAPTER, ...set);
for (const count of [1, 2, 4]) {
  await finished(await ranks(count, `ranks-${count}`));
  compare(`ranks-${count}`, count === 1 ? "mom" : "ranks-1");
}
for (let kill = 0; kill < KILLS; kill++) {
  const resumed = [2, 1, 4][kill % 3];
  await killed(`killed-${kill}`, resumed);
  compare(`killed-${kill}`, "ranks-2");
}
