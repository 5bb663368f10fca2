// Prints the rows of bench/scale.sh as a table: efficiency and losses are compared with the row of the same project on
// one GPU.
//   node bench/scale-table.mjs rows.jsonl
import { readFileSync } from "node:fs";

const rows = readFileSync(process.argv[2], "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const alike = (a, b) => ["project", "kind", "precision"].every((field) => a[field] === b[field]);
/** The largest relative difference of losses at the same steps. */
function difference(a, b) {
  const apart = a.losses.map((loss, i) => Math.abs(loss / b.losses[i + a.first_step - b.first_step] - 1));
  return Math.max(...apart.filter(Number.isFinite));
}

const saved = rows.find(({ save_returns_s }) => save_returns_s !== undefined);
const lines = rows.map((row) => {
  const one = rows.find((other) => other.gpus === 1 && other.first_step === 1 && alike(row, other));
  const efficiency = one && (row.tokens_per_s / one.tokens_per_s / row.gpus).toFixed(3);
  const losses =
    one && row.kind === "strong" ? difference(row, row.first_step === 1 ? one : saved).toExponential(1) : "";
  const cells = [
    row.row,
    row.gpus,
    row.precision,
    row.kind,
    row.step_ms,
    row.tokens_per_s,
    efficiency,
    row.peak_gib,
    losses,
  ];
  return `| ${cells.join(" | ")} |`;
});
const heads = ["row", "GPUs", "precision", "batch", "step, ms", "tokens/s", "efficiency", "peak GiB a GPU", "losses"];
process.stdout.write([`| ${heads.join(" | ")} |`, `|${" --- |".repeat(heads.length)}`, ...lines, ""].join("\n"));
