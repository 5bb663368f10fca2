// Makes the tables of docs/performance.md from docs/performance.json, docs/growth.json and bench/released.json:
//   node bench/tables.mjs [--out docs] [--check]
// Tables are between `<!-- NAME, by bench/tables.mjs -->` and `<!-- end -->`. With --check it changes nothing and exits
// with 1 if a table does not match the numbers.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = dirname(fileURLToPath(import.meta.url));

/** Names in performance.json, with the label in the table and the dense step for comparison. */
const ROWS = [
  { name: "a", dense: "a-dense", words: "`a.mom`: d 768, 6 blocks, 8 × 2048, V 8192" },
  { name: "a-rare", dense: "a-dense", words: "the same, with 1 % image positions" },
  { name: "a3", dense: "a3-dense", words: "`a3.mom`: `a.mom` with three modalities" },
  { name: "a3-rare", dense: "a3-dense", words: "the same, with 1 % image and 1 % speech positions" },
  { name: "b", dense: "b-dense", words: "`b.mom`: 32 blocks, 4 × 4096, V 32 768" },
  { name: "c", dense: "c-dense", words: "`c.mom`: d 256, 4 blocks, 16 × 512, V 1024" },
  { name: "transformer", words: "`transformer.mom`: attention with 12 heads and SwiGLU of 2048, else as `a.mom`" },
];
/** The precision of the released code that each precision is compared with. */
const RELEASED = { f32: "fp32", f16: "bf16" };

const NOT_YET = "Not measured yet.";
const NOT_MEASURED = "not measured";

const table = (heads, rows) =>
  [heads, heads.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
const milliseconds = (seconds) => {
  const value = 1000 * seconds;
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ms`;
};
const gibibytes = (bytes) => {
  const value = bytes / 2 ** 30;
  return `${value >= 10 ? value.toFixed(1) : value.toPrecision(2)} GiB`;
};
const tera = (number) => (number >= 1e14 ? (number / 1e12).toFixed(0) : (number / 1e12).toPrecision(2));

/** The names of the devices, in the order of their first number. */
const devices = (found) => [...new Set(found.map(({ device }) => device))].join("; ");

function steps({ performance, released }) {
  const precisions = [...new Set(performance.steps.map(({ precision }) => precision))];
  return precisions
    .map((precision) => {
      const mine = performance.steps.filter((step) => step.precision === precision);
      const of = (name) => mine.find((step) => step.name === name);
      const theirs = RELEASED[precision] ?? "fp32";
      const rows = ROWS.flatMap(({ name, dense, words }) => {
        const step = of(name);
        if (!step) return [];
        const whole = of(dense);
        const card = Object.entries(released.cards).find(([prefix]) => step.device.startsWith(prefix))?.[1];
        const [split, alone] = card?.steps[name]?.[theirs] ?? [];
        const gibibytesOfTheirs = theirs === "fp32" ? card?.gibibytes[name] : undefined;
        const memory = gibibytesOfTheirs ? `, ${gibibytesOfTheirs} GiB` : "";
        return [
          [
            words,
            milliseconds(step.stepSeconds),
            whole ? milliseconds(whole.stepSeconds) : NOT_MEASURED,
            whole ? (step.stepSeconds / whole.stepSeconds).toFixed(2) : NOT_MEASURED,
            gibibytes(step.bytesAllocated),
            split ? `${split.toFixed(1)} ms, ${alone.toFixed(1)} ms${memory}` : NOT_MEASURED,
          ],
        ];
      });
      const last = `released code, ${theirs}: decoupled, dense${theirs === "fp32" ? ", memory if measured" : ""}`;
      const heads = ["spec", "step, decoupled", "step, dense", "decoupled / dense", "memory, decoupled", last];
      return `${precision}, on ${devices(mine)}:\n\n${table(heads, rows)}`;
    })
    .join("\n\n");
}

const REST = "everything else";

/** The group of a kernel in the table of kernels. Linear layers with a small side are x_proj and dt_proj. */
function partOf({ phase, op, shape }) {
  // The update is one op in the results of earlier versions.
  if (phase === "update" || op === "update") return "update";
  if (op.startsWith("linear")) {
    const weight = shape.split(" · ")[1]?.split(" → ")[0] ?? shape.split(" → ")[1] ?? "";
    const sides = weight.split("×").slice(-2).map(Number);
    return Math.min(...sides) < 200
      ? "x_proj and dt_proj, forward and gradients"
      : "in_proj and out_proj, forward and gradients";
  }
  if (op.startsWith("token_loss")) return "token loss: head, cross-entropy and their gradients";
  if (op === "scan") return "forward scan";
  if (op === "scan_grad") return "backward scan";
  if (op.startsWith("conv")) return "convolution, forward and gradients";
  return REST;
}

/** Products on matrix units per product of the op, by variant, as in src/bench/bench.ts. */
const UNIT_PRODUCTS = { matrix: 1, split: 3 };
const flopsFor = (variant, { flopsPerSecond, matrixFlopsPerSecond }) =>
  variant in UNIT_PRODUCTS && matrixFlopsPerSecond ? matrixFlopsPerSecond / UNIT_PRODUCTS[variant] : flopsPerSecond;

/** The groups of a step, slowest first and the rest last, with their seconds and the rate that they reach. */
function partsOf({ kernels, parts, ceilings }) {
  if (parts) return parts;
  const sums = new Map();
  for (const kernel of kernels) {
    const name = partOf(kernel);
    const sum = sums.get(name) ?? { name, seconds: 0, flops: 0, bytes: 0, bound: 0, busy: 0 };
    sum.busy += kernel.flops / flopsFor(kernel.variant, ceilings);
    for (const key of ["seconds", "flops", "bytes", "bound"]) sum[key] += kernel[key];
    sums.set(name, sum);
  }
  return [...sums.values()]
    .sort((one, other) => Number(one.name === REST) - Number(other.name === REST) || other.seconds - one.seconds)
    .map(({ name, seconds, flops, bytes, bound, busy }) => {
      const byFlops = busy > bytes / ceilings.bytesPerSecond;
      const rate = byFlops ? `${tera(flops / seconds)} TFLOP/s` : `${tera(bytes / seconds)} TB/s`;
      return { name, seconds, reached: `${rate}, ${((100 * bound) / seconds).toFixed(0)} % of its bound` };
    });
}

/** The peaks from which the bounds of kernels are computed. */
function peaksOf({ precision, ceilings }) {
  const { flopsPerSecond, matrixFlopsPerSecond: matrix, bytesPerSecond } = ceilings;
  const shared =
    matrix && precision === "f32" ? ` (${tera(matrix / UNIT_PRODUCTS.split)} for f32, in three products)` : "";
  const units = matrix ? `, ${tera(matrix)} TFLOP/s in f16 on matrix units${shared}` : "";
  return `; measured peaks: ${tera(flopsPerSecond)} TFLOP/s in plain f32${units}, ${tera(bytesPerSecond)} TB/s`;
}

function kernels({ performance }) {
  const made = performance.steps
    .filter(({ name }) => name === "a")
    .map((step) => {
      const rows = partsOf(step).map(({ name, seconds, reached }) => [name, (1000 * seconds).toPrecision(3), reached]);
      return `${step.precision}, on ${step.device}${peaksOf(step)}:\n\n${table(["kernel", "ms", "reached"], rows)}`;
    });
  return made.length > 0 ? made.join("\n\n") : NOT_YET;
}

function loop({ performance }) {
  if (performance.loops.length === 0) return NOT_YET;
  const rows = performance.loops.map(({ name, precision, steps, wallSeconds, aloneSeconds, busy, host }) => [
    `\`${name}.mom\`, ${precision}`,
    milliseconds(wallSeconds / steps),
    milliseconds(aloneSeconds),
    `${(100 * busy).toFixed(1)} %`,
    [host.batches, host.submit, host.record].map(milliseconds).join(", "),
  ]);
  const heads = ["spec", "step in the loop", "step alone", "device busy", "host: batches, submit, records"];
  return `On ${devices(performance.loops)}:\n\n${table(heads, rows)}`;
}

function torch({ performance: { torch: found } }) {
  if (!found) return NOT_YET;
  const steps = found.steps.map(({ spec, precision, stepSeconds, peakBytes }) => [
    spec === "transformer" ? "`transformer.mom`, dense" : `\`${spec}-dense.mom\``,
    precision,
    milliseconds(stepSeconds),
    peakBytes ? gibibytes(peakBytes) : NOT_MEASURED,
  ]);
  const products = found.products.map(({ spec, product, way, precision, seconds, flopsPerSecond, bytesPerSecond }) => [
    `${spec}: ${product}, ${way}`,
    precision,
    milliseconds(seconds),
    `${tera(flopsPerSecond)} TFLOP/s`,
    `${tera(bytesPerSecond)} TB/s`,
  ]);
  return [
    `torch ${found.torch} on ${found.device}, ${[...new Set(found.steps.map(({ what }) => what))].join("; ")}:`,
    table(["spec", "precision", "step", "peak memory"], steps),
    ...(products.length > 0 ? [table(["product", "precision", "time", "FLOP/s", "bytes/s"], products)] : []),
  ].join("\n\n");
}

function emitted({ performance: { emitted: found = [] } }) {
  if (found.length === 0) return NOT_YET;
  const rows = found.map(({ name, precision, step_ms, tokens_per_s, peak_gib }) => [
    `\`${name}.mom\``,
    precision,
    milliseconds(step_ms / 1000),
    tokens_per_s,
    `${peak_gib} GiB`,
  ]);
  const heads = ["project", "precision", "step", "positions/s", "peak memory"];
  return `torch ${found[0].torch} on ${devices(found)}:\n\n${table(heads, rows)}`;
}

function growth({ growth: found }) {
  if (!found) return NOT_YET;
  const rows = found.sweeps.flatMap(({ across, series }) =>
    series.map(({ label, slope, memorySlope, expected, points }) => {
      const xs = points.filter(({ stepSeconds }) => stepSeconds !== undefined).map(({ x }) => x);
      return [
        across,
        label,
        xs.length > 0 ? `${xs[0]} … ${xs.at(-1)}` : "",
        slope?.toFixed(2) ?? "",
        expected,
        memorySlope?.toFixed(2) ?? "",
      ];
    }),
  );
  const heads = ["variable", "model", "from … to", "slope of the time", "expected", "slope of the memory"];
  const charts = found.sweeps.map(({ name, across }) => `![Time of a step by ${across}](growth-${name}.svg)`);
  return `${found.precision}, on ${found.device}:\n\n${table(heads, rows)}\n\n${charts.join("\n")}`;
}

const TABLES = { steps, kernels, loop, torch, emitted, growth };

const read = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined);

/** performance.md of a folder with tables made from the numbers. Undefined if there is no such file. */
function filled(out) {
  const page = join(out, "performance.md");
  const performance = read(join(out, "performance.json"));
  if (!performance || !existsSync(page)) return undefined;
  const numbers = { performance, growth: read(join(out, "growth.json")), released: read(join(here, "released.json")) };
  const before = readFileSync(page, "utf8");
  const after = before.replace(
    /(<!-- (\w+), by bench\/tables\.mjs -->\n)[\s\S]*?(\n<!-- end -->)/g,
    (_, begin, name, end) => `${begin}\n${TABLES[name](numbers)}\n${end}`,
  );
  return { page, before, after };
}

export function fillTables(out) {
  const made = filled(out);
  if (made && made.after !== made.before) writeFileSync(made.page, made.after);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values: flags } = parseArgs({
    options: { out: { type: "string", default: join(here, "..", "docs") }, check: { type: "boolean", default: false } },
  });
  const made = filled(flags.out);
  if (!made) {
    console.error(`${flags.out} has no performance.json or performance.md.`);
    process.exit(2);
  }
  if (!flags.check) fillTables(flags.out);
  else if (made.after !== made.before) {
    console.error(`${made.page} does not match its numbers. Run \`node bench/tables.mjs\`.`);
    process.exit(1);
  }
}
