// Times the kernels of attention, forward and backward, and the matrix products of the same layer.
//   node scripts/attention.mjs [--adapter gpu] [--batch 2] [--length 2048] [--heads 16] [--head 64] [--variant tile-32]
// Prints milliseconds and TFLOP/s. The FLOPs are those of `mom inspect`, which does not count recomputed scores. Each node
// runs for half a second before it is timed, because an idle GPU takes that long to reach its full clock.
import { parseArgs } from "node:util";
import { batchOf } from "../dist/src/batch/host-array.js";
import { compile } from "../dist/src/compile.js";
import { check } from "../dist/src/front/check.js";
import { openDevice } from "../dist/src/gpu/dawn.js";
import { flopsOf } from "../dist/src/ir/cost.js";
import { attentionArrays } from "../dist/src/train/attention-inputs.js";
import { openModel, stepScalars } from "../dist/src/train/model.js";

const text = { type: "string" };
const { values } = parseArgs({
  options: { adapter: text, variant: text, batch: text, length: text, heads: text, head: text, "kv-heads": text },
});
const number = (name, otherwise) => Number(values[name] ?? otherwise);
const [batch, length, heads, head] = [
  number("batch", 2),
  number("length", 2048),
  number("heads", 16),
  number("head", 64),
];
const d_model = heads * head;
const source = `model {
  modality text: bytes
  d_model: ${d_model}
  block attend: attention { heads: ${heads}, kv_heads: ${number("kv-heads", heads)} }
  layers: attend
}
objective { text: cross_entropy }
data { source: emoji, length: ${length} }
train { steps: 1, batch: ${batch} }`;
const { spec } = check({ path: "attention.mom", text: source }, () => undefined);
const device = await openDevice({ adapter: values.adapter });
const compiled = compile(spec, {
  profile: device.profile,
  batch,
  length,
  phases: [{ name: "gradients", part: "stack", noise: "given", gradients: true, wanted: [{ is: "input" }] }],
  variants: "first",
  ...(values.variant === undefined ? {} : { force: values.variant }),
});
const model = await openModel(device, compiled);
await model.initialise(1);
const rows = batch * length;
const noise = () => Float32Array.from({ length: rows * d_model }, () => Math.random() - 0.5);
const placed = { length, document: new Int32Array(rows), items: [] };
const batchArrays = [
  [{ is: "modality" }, new Uint32Array(rows)],
  [{ is: "input" }, noise()],
  [{ is: "cotangent" }, noise()],
];
model.writeBatch(batchOf([...attentionArrays(spec, placed), ...batchArrays]));
model.writeStep(stepScalars(spec.train.optimizer, () => 0, undefined, 1, false));
model.runtime.run(["gradients"]);
await model.runtime.settled();

/** Mean milliseconds of a node in windows of at least 100 ms. */
async function time(index) {
  const once = async (runs) => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) model.runtime.runNode("gradients", index);
    await model.runtime.settled();
    return performance.now() - start;
  };
  const first = await once(1);
  const runs = Math.max(1, Math.min(500, Math.ceil(100 / Math.max(first, 0.05))));
  for (let warm = 0; warm < 500; ) warm += await once(runs);
  return (await once(runs)) / runs;
}

const program = compiled.stages[0].final;
process.stdout.write(`${device.profile.name}: batch ${batch}, length ${length}, ${heads} heads of ${head}, causal\n\n`);
process.stdout.write("| op | variant | ms | TFLOP/s |\n| --- | --- | --- | --- |\n");
for (const [index, op] of program.ops.entries()) {
  if (!/^(attention|rotate|linear)/.test(op.kind)) continue;
  const ms = await time(index);
  const rate = (flopsOf(program, op) * rows) / ms / 1e9;
  const { variant } = model.runtime.picks[index];
  process.stdout.write(`| ${op.kind} | ${variant} | ${ms.toFixed(3)} | ${rate.toFixed(3)} |\n`);
}
process.exit(0);
