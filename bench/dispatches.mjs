// Times each dispatch of a training step on a GPU, and compares changed kernels with those of mom:
//   node bench/dispatches.mjs SPEC [--set PATH=VALUE …] [--adapter …] [--only TEXT] [--chunk N] [--swap KERNEL=FILE[@X,Y,Z] …]
//   node bench/dispatches.mjs SPEC --dump FOLDER [--set PATH=VALUE …]     needs no GPU: writes the kernels for an H100
// --swap runs the WGSL of FILE, with X × Y × Z workgroups, in place of every kernel whose name starts with KERNEL. Then the
// largest relative difference of a gradient is printed, too. Needs `npm run build`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { readSpec } from "../dist/src/api/read-spec.js";
import { openSynthetic } from "../dist/src/bench/bench.js";
import { nodeSeconds, secondsOf } from "../dist/src/bench/measure.js";
import { compile, trainingOn } from "../dist/src/compile.js";
import { openDevice } from "../dist/src/gpu/dawn.js";
import { profileNamed } from "../dist/src/ir/profiles.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: "string", multiple: true, default: [] },
    adapter: { type: "string" },
    chunk: { type: "string" },
    dump: { type: "string" },
    only: { type: "string", default: "" },
    swap: { type: "string", multiple: true, default: [] },
  },
});
const [file] = positionals;
const { spec, diagnostics } = readSpec(nodeDisk, resolve(file), { set: flags.set });
if (!spec) throw new Error(diagnostics.map(({ message }) => message).join("\n"));

const how = (profile) => ({ ...trainingOn(spec, profile), ...(flags.chunk && { chunk: Number(flags.chunk) }) });

if (flags.dump) {
  const { plan } = compile(spec, how(profileNamed("nvidia-h100")));
  mkdirSync(flags.dump, { recursive: true });
  for (const { name, source } of plan.kernels) writeFileSync(join(flags.dump, `${name}.wgsl`), source);
  process.exit(0);
}

const swaps = flags.swap.map((text) => {
  const [kernel, replacement] = text.split("=");
  const [path, grid] = replacement.split("@");
  return { kernel, source: readFileSync(path, "utf8"), workgroups: grid?.split(",").map(Number) };
});

/** The plan with a node for each dispatch, and with kernels replaced. */
function separated(plan, replacements) {
  const swapOf = (kernel) => replacements.find((swap) => kernel.name.startsWith(swap.kernel));
  const kernels = plan.kernels.map((kernel) => ({ ...kernel, source: swapOf(kernel)?.source ?? kernel.source }));
  const phases = plan.phases.map((phase) => ({
    ...phase,
    nodes: phase.nodes.flatMap((node) =>
      node.choices[0].dispatches.map((dispatch) => {
        const kernel = plan.kernels[dispatch.kernel];
        const workgroups = swapOf(kernel)?.workgroups ?? dispatch.workgroups;
        return {
          ...node,
          label: kernel.name,
          choices: [{ ...node.choices[0], dispatches: [{ ...dispatch, workgroups }] }],
        };
      }),
    ),
  }));
  return { ...plan, kernels, phases };
}

const device = await openDevice(flags.adapter ? { adapter: flags.adapter } : {});

async function measured(replacements) {
  const compiled = compile(spec, how(device.profile));
  const plan = separated(compiled.plan, replacements);
  const { model } = await openSynthetic(spec, device, { ...compiled, plan });
  model.runtime.run(["gradients"]);
  const gradients = await model.read("gradients");
  const step = await secondsOf(model.runtime, ["gradients", "update"]);
  const kernels = new Map();
  for (const name of ["gradients", "update"]) {
    const seconds = await nodeSeconds(model.runtime, name);
    plan.phases
      .find((phase) => phase.name === name)
      .nodes.forEach(({ label }, i) => {
        const { total = 0, times = 0 } = kernels.get(label) ?? {};
        kernels.set(label, { total: total + seconds[i], times: times + 1 });
      });
  }
  model.runtime.destroy();
  return { step, kernels, gradients };
}

/** The largest difference of a tensor's numbers, relative to the root of its mean square. */
function difference(a, b) {
  const found = [...a].map(([name, { data }]) => {
    const other = b.get(name).data;
    const size = Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length);
    const apart = data.reduce(
      (most, x, i) => Math.max(most, Math.abs(x - other[i]) || (x === other[i] ? 0 : Number.NaN)),
      0,
    );
    return { name, apart: size === 0 ? apart : apart / size };
  });
  return found.sort((x, y) => y.apart - x.apart)[0];
}

function show({ step, kernels }, only) {
  console.log(`step ${(1e3 * step).toFixed(2)} ms`);
  for (const [name, { total, times }] of [...kernels].sort(([, a], [, b]) => b.total - a.total)) {
    if (name.includes(only)) console.log(`${(1e3 * total).toFixed(3).padStart(9)} ms  ${times} × ${name}`);
  }
}

const own = await measured([]);
show(own, flags.only);
if (swaps.length > 0) {
  const other = await measured(swaps);
  show(other, flags.only);
  const { name, apart } = difference(own.gradients, other.gradients);
  console.log(`largest difference of a gradient: ${apart.toExponential(1)} of its root mean square, in ${name}`);
}
process.exit(0);
