// Measures the work of the host for a training step, without a device:
//   node bench/host.mjs SPEC… [--steps 50] [--width 32] [--share text=0.99,image=0.01] [--json]
// `batches` is the time to make the batches and tables of a step. `submit` is the time to upload them and to encode and
// submit the dispatches to Dawn's null backend, which does everything except the work of the driver and the GPU. The null
// backend has little memory, so the model has --width channels there. Prints medians in milliseconds. Needs `npm run build`.

import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { create, globals } from "webgpu";
import { namedShares } from "../dist/src/api/bench.js";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { checkText, readSpec } from "../dist/src/api/read-spec.js";
import { feedSeconds } from "../dist/src/bench/loop.js";
import { median } from "../dist/src/bench/measure.js";
import { syntheticDataSet } from "../dist/src/bench/synthetic.js";
import { compile, trainingOn } from "../dist/src/compile.js";
import { profileOf } from "../dist/src/gpu/choose.js";
import { profileNamed } from "../dist/src/ir/profiles.js";
import { openFeed } from "../dist/src/train/feed.js";
import { openModel, stepScalars } from "../dist/src/train/model.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "50" },
    width: { type: "string", default: "32" },
    share: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
if (positionals.length === 0) {
  console.error("usage: node bench/host.mjs SPEC… [--steps 50] [--width 32] [--share …] [--json]");
  process.exit(2);
}
const steps = Number(flags.steps);
const sharesIn = (text) => new Map(text.split(",").map((piece) => [piece.split("=")[0], Number(piece.split("=")[1])]));

Object.assign(globalThis, globals);
// Keeps the instance alive as long as its devices (see src/gpu/dawn.ts).
globalThis.nullBackend = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);

async function openNull() {
  const adapter = await globalThis.nullBackend.requestAdapter();
  const names = [
    "maxStorageBuffersPerShaderStage",
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
    "maxComputeWorkgroupSizeX",
  ];
  const requiredLimits = Object.fromEntries(names.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  return { device, profile: { ...profileOf(device, adapter.info, "all"), kind: "gpu" } };
}

/** Milliseconds of the uploads, encoding and submits of each step, and the number of dispatches. */
async function submits(spec, shares) {
  const opened = await openNull();
  const compiled = compile(spec, trainingOn(spec, opened.profile));
  const model = await openModel(opened, compiled);
  const { accumulate, optimizer, clip } = spec.train;
  const feed = openFeed(spec, syntheticDataSet(spec, shares), compiled.tables);
  const spans = [];
  for (let step = 0; step < steps + 10; step++) {
    const { batches } = await feed.take(step);
    const begun = performance.now();
    batches.forEach((batch, i) => {
      model.writeBatch(batch);
      model.writeStep(stepScalars(optimizer, () => 1e-6, clip, step + 1, i > 0));
      model.runtime.run(i + 1 < accumulate ? ["gradients"] : ["gradients", "update"]);
    });
    spans.push(performance.now() - begun);
    await model.runtime.settled();
  }
  const dispatches = (phase) =>
    compiled.plan.phases
      .find(({ name }) => name === phase)
      .nodes.reduce((sum, { choices }) => sum + choices[0].dispatches.length, 0);
  model.runtime.destroy();
  return {
    milliseconds: median(spans.slice(10)),
    dispatches: accumulate * dispatches("gradients") + dispatches("update"),
  };
}

const made = [];
for (const file of positionals) {
  const { spec } = readSpec(nodeDisk, file);
  if (!spec) process.exit(1);
  const shares = flags.share && namedShares(sharesIn(flags.share), spec.model.modalities);
  const { tables } = compile(spec, trainingOn(spec, profileNamed("nvidia-h100")));
  const batches = 1000 * (await feedSeconds(spec, tables, steps, shares));
  const narrow = checkText(
    nodeDisk,
    `import "${basename(file)}"\nmodel { d_model: ${flags.width} }\n`,
    join(dirname(file), "host.mom"),
  );
  const { milliseconds, dispatches } = await submits(narrow.spec, shares);
  const found = { file, batches, submit: milliseconds, dispatches };
  made.push(found);
  if (!flags.json) {
    console.log(
      `${file}: batches ${batches.toFixed(2)} ms, submit ${milliseconds.toFixed(2)} ms of ${dispatches} dispatches`,
    );
  }
}
if (flags.json) console.log(JSON.stringify(made, null, 2));
process.exit(0);
