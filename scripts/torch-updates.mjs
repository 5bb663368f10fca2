// One update of every spec's PyTorch project on the CPU, with one sequence of at most 256 positions, and its loss by `mom train`.
//   npm run build && node scripts/torch-updates.mjs [SPEC …]
// MOM_TORCH_PYTHON names a Python with PyTorch 2.6 or later. Specs of more than 150 M parameters are left out.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ENV, PYTHON } from "./torch-ranks.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const MOST_PARAMETERS = 150e6;
const LENGTHS = [256, undefined];

const run = (command, args, options = {}) => spawnSync(command, args, { encoding: "utf8", env: ENV, ...options });
const mom = (...args) => run(process.execPath, [join(root, "bin/mom.mjs"), ...args]);
const firstLine = (text) =>
  text
    .trim()
    .split("\n")
    .find((line) => line.startsWith("error")) ?? text.trim().split("\n")[0];
const lossOf = (folder) => JSON.parse(readFileSync(join(folder, "metrics.jsonl"), "utf8").split("\n")[0]).loss;

function update(spec, folder) {
  const { parameters } = JSON.parse(mom("inspect", spec, "--json").stdout);
  const size = `${(parameters.total / 1e6).toFixed(2)} M parameters`;
  if (parameters.total > MOST_PARAMETERS) return `${size}: left out`;
  let wrote;
  let set = [];
  for (const length of LENGTHS) {
    const settings = [
      "train.steps=1",
      "train.batch=1",
      "train.accumulate=1",
      "train.schedule=constant",
      "train.precision=f32",
    ];
    if (length !== undefined) settings.push(`data.length=${length}`);
    set = settings.flatMap((one) => ["--set", one]);
    rmSync(folder, { recursive: true, force: true });
    wrote = mom("compile", spec, "--target", "torch", "-o", join(folder, "project"), ...set);
    if (wrote.status === 0) break;
  }
  if (wrote.status !== 0) return `${size}: ${firstLine(wrote.stderr)}`;
  const begun = Date.now();
  const { status, stderr } = run(PYTHON, ["train.py", "--out", join(folder, "torch")], {
    cwd: join(folder, "project"),
  });
  if (status !== 0) return `${size}: ${stderr.trim().split("\n").at(-1)}`;
  const seconds = ((Date.now() - begun) / 1000).toFixed(0);
  const own = mom("train", spec, "--out", join(folder, "mom"), ...set);
  const loss = lossOf(join(folder, "torch"));
  const difference =
    own.status === 0 ? Math.abs(loss / lossOf(join(folder, "mom")) - 1).toExponential(1) : firstLine(own.stderr);
  return `${size}: loss ${loss.toFixed(4)} in ${seconds} s, relative difference from mom ${difference}`;
}

const all = readdirSync(join(root, "specs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".mom"))
  .map((name) => join(root, "specs", name));
const given = process.argv.slice(2);
for (const spec of (given.length > 0 ? given : all).sort()) {
  const folder = mkdtempSync(join(tmpdir(), "mom-torch-update-"));
  process.stdout.write(`${relative(root, spec)}: ${update(spec, folder)}\n`);
  rmSync(folder, { recursive: true, force: true });
}
