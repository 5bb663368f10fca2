// The worst relative differences between the updates of two runs of the same spec.
//   node scripts/run-differences.mjs RUN OTHER
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { argv, exit, stdout } from "node:process";
import { fileURLToPath } from "node:url";

/** The records of a run's updates, by step. */
export function updatesOf(run) {
  const lines = readFileSync(join(run, "metrics.jsonl"), "utf8").split("\n");
  // The last line of a run that is killed may be incomplete.
  const records = lines.slice(0, -1).map((line) => JSON.parse(line));
  return new Map(records.filter(({ kind }) => kind === "train").map((record) => [record.step, record]));
}

/** A line about all steps of two folders of runs. */
export function differences(run, other) {
  const [a, b] = [updatesOf(run), updatesOf(other)];
  const worst = (field) => {
    const found = [...a].map(([step, record]) => [Math.abs(record[field] / b.get(step)?.[field] - 1), step]);
    const [most, at] = found.reduce((one, next) => (next[0] > one[0] || Number.isNaN(next[0]) ? next : one), [0, 0]);
    return most === 0 ? "equal" : `${most.toExponential(1)} at step ${at}`;
  };
  const steps = a.size === b.size ? `${a.size} steps` : `${a.size} and ${b.size} steps`;
  const values = `loss ${worst("loss")}, gradient norm ${worst("gradient_norm")}`;
  return `${basename(run)} and ${basename(other)}: ${steps}, worst relative difference of ${values}\n`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const missing = argv.slice(2, 4).find((run) => !existsSync(join(run, "metrics.jsonl")));
  if (missing !== undefined || argv.length < 4) {
    stdout.write(missing === undefined ? "Name two folders of runs.\n" : `${missing} has no metrics.jsonl.\n`);
    exit(2);
  }
  stdout.write(differences(argv[2], argv[3]));
}
