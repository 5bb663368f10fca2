// Times sampling from an untrained model, token by token, for each number of sequences at a time:
//   node bench/sampling.mjs SPEC [--set PATH=VALUE …] [--adapter …] [--sequences 1,8,32] [--tokens 256]
// `mom sample` is the whole loop: runs of tokens that the device chooses. Needs `npm run build`.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { readSpec } from "../dist/src/api/read-spec.js";
import { openSynthetic } from "../dist/src/bench/bench.js";
import { compile, trainingOn } from "../dist/src/compile.js";
import { openDevice } from "../dist/src/gpu/dawn.js";
import { openDecoder } from "../dist/src/sample/decoder.js";
import { sampleDocument } from "../dist/src/sample/document.js";
import { sampleAll } from "../dist/src/sample/schedule.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    set: { type: "string", multiple: true, default: [] },
    adapter: { type: "string" },
    sequences: { type: "string", default: "1,8,32" },
    tokens: { type: "string", default: "256" },
  },
});
const { spec, diagnostics } = readSpec(nodeDisk, resolve(positionals[0]), { set: flags.set });
if (!spec) throw new Error(diagnostics.map(({ message }) => message).join("\n"));

const device = await openDevice(flags.adapter ? { adapter: flags.adapter } : {});
const { model } = await openSynthetic(spec, device, compile(spec, trainingOn(spec, device.profile)));
const weights = await model.read("parameters");
model.runtime.destroy();

const { owner } = spec.model.vocabulary;
const rules = {
  parts: spec.model,
  learned: spec.objectives.map((objective) => objective !== undefined),
  counts: spec.objectives.map(() => undefined),
};
const tokens = Number(flags.tokens);
const settings = { seed: 0, tokens, temperature: 1, steps: 50, guidance: 1, only: owner };

/** Samples so many documents next to each other. Returns seconds a token of a sequence. */
async function looped(decoder, count, settings) {
  const sampling = { rules, objectives: spec.objectives, settings };
  const documents = Array.from({ length: count }, (_, number) =>
    sampleDocument(sampling, [{ kind: "ids", modality: owner, ids: [1, 2, 3] }], number),
  );
  const start = performance.now();
  const made = await sampleAll(decoder, documents, 1);
  const drawn = made.reduce((sum, { segments }) => sum + segments.reduce((n, { ids }) => n + ids.length, 0), 0);
  return { seconds: (performance.now() - start) / 1e3, drawn };
}

for (const count of flags.sequences.split(",").map(Number)) {
  const decoder = await openDecoder(device, spec, weights, { sequences: count });
  const items = Array.from({ length: count }, (_, id) => ({ id, modality: owner }));
  const run = async (steps, read) => {
    for (let i = 0; i < steps; i++) {
      decoder.step(items);
      if (read) await decoder.logits("step");
    }
    if (!read) await decoder.logits("step");
  };
  await run(200, false);
  const times = [];
  for (const read of [false, true]) {
    const start = performance.now();
    await run(tokens, read);
    times.push((performance.now() - start) / tokens);
  }
  await looped(decoder, count, settings);
  const { seconds, drawn } = await looped(decoder, count, settings);
  console.log(
    `${count} sequences, ${decoder.dispatches} dispatches a token: ${times[0].toFixed(3)} ms, with its logits read ` +
      `${times[1].toFixed(3)} ms; mom sample: ${drawn} tokens, ${((1e3 * seconds * count) / drawn).toFixed(3)} ms a token of each, ` +
      `${Math.round(drawn / seconds)} tokens/s`,
  );
  decoder.destroy();
}
process.exit(0);
