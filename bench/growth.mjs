// Measures how a training step's time and memory grow with the sequence length, d_model, blocks and modalities:
//   node bench/growth.mjs [--out docs] [--adapter gpu|system|swiftshader] [--precision f32|f16] [--minutes 8] [--small] [--fresh]
// Writes OUT/growth.json after every point, and OUT/growth-*.svg. Points that growth.json already has for this device are not
// measured again, so an interrupted sweep continues. --fresh measures all points again. --small uses sizes for a CPU
// adapter. After --minutes no point is started. Kernels use the first variant that the device supports, so the points of
// a sweep are comparable. Needs `npm run build`.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { checkText } from "../dist/src/api/read-spec.js";
import { timeStep } from "../dist/src/bench/bench.js";
import { openDevice } from "../dist/src/gpu/dawn.js";
import { logChart, powerLaw } from "./log-chart.mjs";

/** A spec with all four projections decoupled. The modalities share the vocabulary, and the first one is text. */
function specOf({ modalities, d_model, blocks, batch, length, vocabulary }) {
  const each = 16 * Math.floor(vocabulary / modalities / 16);
  const names = Array.from({ length: modalities }, (_, m) => (m === 0 ? "text" : `codes${m}`));
  return `model {
${names.map((name, m) => `  modality ${name}: ${m === 0 ? "tokens" : "codes"}(vocab: ${each})`).join("\n")}
  d_model: ${d_model}
  block mixer: mamba { d_state: 16, decouple: [in_proj, x_proj, dt_proj, out_proj] }
  layers: ${blocks} * mixer
}
objective { ${names.map((name) => `${name}: cross_entropy`).join(", ")} }
data { source: files("none.jsonl"), length: ${length} }
train { steps: 1, batch: ${batch}, optimizer: adamw(lr: 3e-4), clip: 1.0, precision: ${flags.precision} }
`;
}

const doublings = (from, to) => Array.from({ length: 1 + Math.log2(to / from) }, (_, i) => from * 2 ** i);

/** The sweeps: the spec of each point and the expected slope of the time. */
function sweeps(small) {
  const base = small
    ? { modalities: 2, d_model: 16, blocks: 1, batch: 2, length: 64, vocabulary: 64 }
    : { modalities: 2, d_model: 768, blocks: 6, batch: 8, length: 2048, vocabulary: 8192 };
  const rows = base.batch * base.length;
  const lengths = small ? [32, 64, 128] : doublings(512, 65_536);
  const batches = small ? 1 : 2;
  return [
    {
      name: "length",
      across: "positions in a sequence",
      series: [
        {
          label: `${rows} positions a step`,
          expected: "0",
          points: lengths
            .filter((length) => length <= rows)
            .map((length) => ({ x: length, ...base, length, batch: rows / length })),
        },
        {
          label: `${batches} sequence${batches > 1 ? "s" : ""} a step`,
          expected: "1",
          points: lengths.map((length) => ({ x: length, ...base, length, batch: batches })),
        },
      ],
    },
    {
      name: "d_model",
      across: "d_model",
      series: [
        {
          expected: "between 1 (work per channel) and 2 (projections)",
          label: small ? "1 block" : "4 blocks, 8 × 1024 positions",
          points: (small ? [16, 32, 64] : [256, 512, 768, 1024, 1536, 2048]).map((d_model) => ({
            x: d_model,
            ...base,
            d_model,
            ...(small ? {} : { blocks: 4, length: 1024 }),
          })),
        },
      ],
    },
    {
      name: "blocks",
      across: "blocks",
      series: [
        {
          expected: "just under 1, since embedding, head and loss do not grow",
          label: small ? "d 16" : "d 512, 4 × 2048 positions",
          points: (small ? [1, 2] : [2, 4, 8, 16, 32, 48]).map((blocks) => ({
            x: blocks,
            ...base,
            blocks,
            ...(small ? {} : { d_model: 512, batch: 4 }),
          })),
        },
      ],
    },
    {
      name: "modalities",
      across: "modalities",
      series: [
        {
          expected: "0, since each position uses the weights of one modality only",
          label: small ? "d 16" : "d 768, 6 blocks, 8 × 2048 positions",
          points: (small ? [1, 2] : [1, 2, 3, 4]).map((modalities) => ({ x: modalities, ...base, modalities })),
        },
      ],
    },
  ];
}

const { values: flags } = parseArgs({
  options: {
    out: { type: "string", default: "docs" },
    adapter: { type: "string" },
    precision: { type: "string", default: "f32" },
    minutes: { type: "string", default: "8" },
    small: { type: "boolean", default: false },
    fresh: { type: "boolean", default: false },
  },
});
const until = performance.now() + 60_000 * Number(flags.minutes);
const file = join(flags.out, "growth.json");
mkdirSync(flags.out, { recursive: true });
const device = await openDevice(flags.adapter ? { adapter: flags.adapter } : {});

/** Points, keyed by the text of their specs. */
const known = new Map();
if (!flags.fresh && existsSync(file)) {
  const before = JSON.parse(readFileSync(file, "utf8"));
  if (before.device !== device.description) {
    console.error(
      `${file} was measured on ${before.device}, not on ${device.description}. Use --fresh or another --out.`,
    );
    process.exit(1);
  }
  for (const { points } of before.sweeps.flatMap(({ series }) => series))
    for (const point of points) if (point.stepSeconds !== undefined) known.set(point.spec, point);
}

function write(made) {
  const aside = `${file}.${process.pid}.writing`;
  writeFileSync(
    aside,
    `${JSON.stringify({ device: device.description, precision: flags.precision, sweeps: made }, null, 2)}\n`,
  );
  renameSync(aside, file);
}

/** Measures a point. `left` is the reason why a point is not measured. */
async function measure({ x, spec, ...rest }) {
  if (performance.now() > until) return { x, spec, ...rest, left: "no time remained" };
  const checked = checkText(nodeDisk, spec, "growth.mom");
  if (!checked.spec) throw new Error(checked.diagnostics.map(({ message }) => message).join("\n"));
  try {
    const { positions, parameters, stepSeconds, bytesAllocated } = await timeStep(checked.spec, device);
    return { x, spec, positions, parameters, stepSeconds, bytesAllocated };
  } catch (error) {
    return { x, spec, left: error.message };
  }
}

const slopeOf = (points, key) =>
  powerLaw(points.flatMap(({ x, [key]: y }) => (y === undefined ? [] : [{ x, y }])))?.slope ?? null;

/** All points, starting with the known ones, so that an interruption loses none of them. */
const made = sweeps(flags.small).map(({ series, ...sweep }) => ({
  ...sweep,
  series: series.map(({ points, ...one }) => ({
    ...one,
    points: points.map(({ x, ...sizes }) => {
      const spec = specOf(sizes);
      return { ...(known.get(spec) ?? { spec, left: "not measured yet" }), x };
    }),
  })),
}));

for (const { name, series } of made) {
  for (const one of series) {
    for (const [i, point] of one.points.entries()) {
      const found = known.get(point.spec) ?? (await measure(point));
      if (found.stepSeconds !== undefined) known.set(point.spec, found);
      one.points[i] = { ...found, x: point.x };
      one.slope = slopeOf(one.points, "stepSeconds");
      one.memorySlope = slopeOf(one.points, "bytesAllocated");
      write(made);
      const { stepSeconds, bytesAllocated, left } = found;
      const result =
        stepSeconds === undefined
          ? left
          : `${(1000 * stepSeconds).toPrecision(4)} ms, ${(bytesAllocated / 2 ** 30).toFixed(2)} GiB`;
      console.log(`${name} ${point.x} (${one.label}): ${result}`);
    }
    const [time, memory] = [one.slope, one.memorySlope].map((slope) => slope?.toFixed(3) ?? "unknown");
    console.log(`  slope of the time ${time}, of the memory ${memory}; expected slope of the time: ${one.expected}`);
  }
}

for (const { name, across, series } of made) {
  const drawn = series.flatMap(({ label, points }) => {
    const measured = points.flatMap(({ x, stepSeconds }) =>
      stepSeconds === undefined ? [] : [{ x, y: 1000 * stepSeconds }],
    );
    return measured.length > 0 ? [{ label, points: measured, fit: powerLaw(measured) }] : [];
  });
  if (drawn.length === 0) continue;
  const svg = logChart({ title: `Time of a step by ${across}, ${flags.precision}`, across, up: "ms", series: drawn });
  writeFileSync(join(flags.out, `growth-${name}.svg`), svg);
}
console.log(`Wrote ${file} and its charts.`);
process.exit(0);
