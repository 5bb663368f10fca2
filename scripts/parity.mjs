// Runs `mom trace` on reference tensors of the released PyTorch code and prints the differences.
//   node scripts/parity.mjs FOLDER [--chunks default,8,16] [--adapter gpu]
// FOLDER has block/ and train/ with safetensors files whose metadata describe the model.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readSafetensors } from "../dist/src/data/safetensors.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    chunks: { type: "string", default: "default,8,16" },
    adapter: { type: "string" },
    variant: { type: "string" },
    only: { type: "string", default: "" },
  },
});
const [home] = positionals;
if (!home) {
  process.stderr.write("Usage: node scripts/parity.mjs FOLDER [--chunks default,8,16] [--adapter gpu]\n");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "mom-parity-"));
const mom = new URL("../bin/mom.mjs", import.meta.url).pathname;

/** The spec of a file's model. */
function specOf(metadata) {
  const decouple = metadata.decoupled ? metadata.decoupled.split(",").join(", ") : "";
  const transfusion = metadata.kind === "transfusion";
  const vocabulary = Number(metadata.vocab ?? 40);
  const third = Number(metadata.n_modalities) === 3;
  const modalities = transfusion
    ? `modality text: tokens(vocab: ${vocabulary})\n  modality image: patches(size: 8x8, patch: 2x2, channels: 3)`
    : third
      ? `modality text: tokens(vocab: ${vocabulary - 20})\n  modality image: tokens(vocab: 10)\n  modality speech: tokens(vocab: 10)`
      : `modality text: tokens(vocab: ${vocabulary - 10})\n  modality image: tokens(vocab: 10)`;
  const image = transfusion ? "ddpm(weight: 5, steps: 1000, schedule: cosine)" : "cross_entropy";
  return `model {
  ${modalities}
  d_model: ${metadata.d_model}
  block mixer: mamba {
    d_state: ${metadata.d_state ?? 16}
    d_conv: ${metadata.d_conv ?? 4}
    expand: 2
    dt_bias: ${metadata.released_dt_bias === "true" ? "released" : "always"}
    decouple: [${decouple}]
  }
  layers: ${metadata.n_blocks} * mixer
}
objective { text: cross_entropy, image: ${image}${third ? ", speech: cross_entropy" : ""} }
data { source: emoji, length: 64 }
train {
  steps: 20
  batch: 4
  optimizer: adamw(lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1)
  schedule: constant
  clip: 1.0
}
`;
}

function relative(a, b) {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return Math.sqrt(difference / (size || 1));
}

const worst = (errors) => errors.reduce((most, one) => (one[1] > most[1] ? one : most), ["–", 0]);
const show = ([name, error]) => `${error.toExponential(1)} ${name}`;
let failures = 0;
process.stdout.write("| file | chunk | worst | of | limit |\n| --- | --- | --- | --- | --- |\n");
for (const kind of ["block", "train"]) {
  for (const file of readdirSync(join(home, kind)).filter(
    (name) => name.endsWith(".safetensors") && name.includes(values.only),
  )) {
    const path = join(home, kind, file);
    const { tensors, metadata } = readSafetensors(readFileSync(path), file);
    const spec = join(folder, "spec.mom");
    writeFileSync(spec, specOf(metadata));
    for (const chunk of values.chunks.split(",")) {
      const out = join(folder, "out.safetensors");
      const flags = kind === "block" ? ["--stack"] : ["--steps", "20", "--prefix", "init."];
      if (chunk !== "default") flags.push("--chunk", chunk);
      if (values.adapter) flags.push("--adapter", values.adapter);
      if (values.variant) flags.push("--variant", values.variant);
      execFileSync(process.execPath, [mom, "trace", spec, "--tensors", path, "--out", out, ...flags], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const made = readSafetensors(readFileSync(out), out).tensors;
      const groups =
        kind === "block"
          ? { block: [5e-5, []] }
          : { losses: [1e-4, []], "step-0 gradients": [1e-4, []], "final parameters": [1e-3, []] };
      for (const [name, { data }] of tensors) {
        const got = made.get(name)?.data;
        if (name === "output") {
          const input = tensors.get("input").data;
          groups.block[1].push([
            "output − input",
            relative(
              got.map((x, i) => x - input[i]),
              data.map((x, i) => x - input[i]),
            ),
          ]);
        } else if (name.startsWith("grad.")) groups.block[1].push([name, relative(got, data)]);
        else if (/^(loss|grad_norm)/.test(name)) {
          for (const [step, value] of data.entries())
            groups.losses[1].push([`${name} of step ${step}`, Math.abs(got[step] - value) / Math.abs(value)]);
        } else if (name.startsWith("grad0_clipped.")) groups["step-0 gradients"][1].push([name, relative(got, data)]);
        else if (name.startsWith("final.")) groups["final parameters"][1].push([name, relative(got, data)]);
      }
      for (const [group, [limit, errors]] of Object.entries(groups)) {
        const most = worst(errors);
        if (!(most[1] <= limit)) failures++;
        process.stdout.write(
          `| ${file.replace(".safetensors", "")} | ${chunk} | ${show(most)} | ${errors.length} in ${group} | ${limit.toExponential(0)} |\n`,
        );
      }
    }
  }
}
process.stdout.write(`${failures} differences exceed their limits\n`);
process.exit(failures === 0 ? 0 : 1);
