// Computes losses of simple models on the held-out documents of a spec, which a trained model should beat:
//   node scripts/baselines.mjs SPEC [--causal] [--json]
// Text and codes: cross-entropy of unigrams and bigrams, in nats per target, on the model's targets.
// Pictures: mean squared error of the best linear predictor of what the objective predicts, averaged over its times. It
// predicts from the patch alone and from the entire picture (minutes at 32x32). With --causal it also predicts from the
// patch and the patches before it, as a causal model does. That runs at 20 times, interpolated with the loss of the
// entire picture (seconds at 16x16, half an hour at 32x32).
// Needs `npm run build`.

import { parseArgs } from "node:util";
import { compiled, ndtri } from "cephes";
import { causalDenoiserLoss, fitGaussian } from "../dist/scripts/baselines/causal-denoiser.js";
import { linearDenoiserLoss } from "../dist/scripts/baselines/linear-denoiser.js";
import { ngramLosses, targetsOf } from "../dist/scripts/baselines/ngrams.js";
import { patchRows, pictureRows } from "../dist/scripts/baselines/pictures.js";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { nodeHost } from "../dist/src/api/node/host.js";
import { readSpec } from "../dist/src/api/read-spec.js";
import { prepare } from "../dist/src/data/prepare.js";
import { patchSize } from "../dist/src/modalities/pixels.js";
import { firstId, ordinaryIds } from "../dist/src/modalities/text.js";
import { ofItems } from "../dist/src/objectives/items.js";
import { stream } from "../dist/src/random/stream.js";

const SHOWN_TIMES = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75];

/**
 * How each objective of pictures draws its times, as equally likely ones in ascending order, and the squared error of
 * its target for an error of 1 in the noise, where x_t = signal · x_0 + noise · ε.
 */
const PREDICTED = {
  ddpm: ({ steps }) => ({
    what: "the noise",
    times: Array.from({ length: steps }, (_, t) => t + 1),
    factor: () => 1,
  }),
  rectified_flow({ time, predict }) {
    const shares = Array.from({ length: 1000 }, (_, k) => (k + 0.5) / 1000);
    const times = time === "uniform" ? shares : shares.map((share) => 1 / (1 + Math.exp(-ndtri(share))));
    // An error e of the noise is one of −(noise / signal) e of x_0, and so of e / signal of ε − x_0, since the two add to 1.
    return predict === "velocity"
      ? { what: "the velocity", times, factor: ({ signal }) => signal ** -2 }
      : { what: "the clean picture", times, factor: ({ signal, noise }) => (noise / signal) ** 2 };
  },
};

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

/** Restricts the targets: any id, or the ids of one modality without markers. */
function textBaselines(dataSet) {
  const { parts } = dataSet;
  const train = targetsOf(dataSet, dataSet.train);
  const heldOut = targetsOf(dataSet, dataSet.validation);
  const losses = { "all targets": ngramLosses(train, heldOut, parts.vocabulary.size) };
  parts.modalities.forEach(({ name, kind }, index) => {
    if (kind === "patches") return;
    const [first, ids] = [firstId(index, parts.vocabulary), ordinaryIds(index, parts)];
    const own = (documents) => documents.map((targets) => targets.filter(({ id }) => id >= first && id < first + ids));
    losses[`${name} alone`] = ngramLosses(own(train), own(heldOut), ids);
  });
  return losses;
}

/** The mean loss over an objective's times and the losses at the printed times. */
async function pictureBaselines(dataSet, index, objective, withCausal) {
  const modality = dataSet.parts.modalities[index];
  const { what, times, factor } = PREDICTED[objective.kind](objective);
  const noised = times.map((t) => ofItems(objective).at(t));
  const alphaBars = noised.map(({ signal, noise }) => signal ** 2 / (signal ** 2 + noise ** 2));
  const factors = noised.map(factor);
  const lossesOf = (rows, others) =>
    linearDenoiserLoss(rows, others, alphaBars).map(({ loss, gamma }, i) => ({ loss: loss * factors[i], gamma }));
  const train = await pictureRows(dataSet, dataSet.train, index);
  const heldOut = await pictureRows(dataSet, dataSet.validation, index);
  const heldOutPatches = patchRows(heldOut, modality);
  const byPatch = patchRows(train, modality).map((rows, patch) => lossesOf(rows, heldOutPatches[patch]));
  const alone = times.map((_, i) => mean(byPatch.map((losses) => losses[i].loss)));
  const whole = lossesOf(train, heldOut);
  const wholeMean = mean(whole.map(({ loss }) => loss));
  const shown = SHOWN_TIMES.map((share) => Math.max(1, Math.round(share * times.length)) - 1);
  const row = (average, at) => ({
    mean: average,
    at: Object.fromEntries(shown.map((i) => [Number(times[i].toPrecision(3)), at(i)])),
  });
  const losses = {
    "patch alone": row(mean(alone), (i) => alone[i]),
    "whole picture": row(wholeMean, (i) => whole[i].loss),
  };
  if (!withCausal) return { what, losses };
  const fitted = fitGaussian(train);
  const causal = (i) => {
    const settings = { alphaBar: alphaBars[i], gamma: whole[i].gamma, noise: stream("noise", 0) };
    return factors[i] * causalDenoiserLoss(fitted, heldOut, patchSize(modality), settings);
  };
  const middles = Array.from({ length: 20 }, (_, k) => Math.max(1, Math.round(((k + 0.5) * times.length) / 20)) - 1);
  const between = mean(middles.map((i) => causal(i) - whole[i].loss));
  return { what, losses: { ...losses, "patches so far": row(wholeMean + between, causal) } };
}

await compiled;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { causal: { type: "boolean" }, json: { type: "boolean" } },
});
const [path] = positionals;
if (path === undefined) throw new Error("Usage: node scripts/baselines.mjs SPEC [--causal] [--json]");
const { spec, folder, reach } = readSpec(nodeDisk, path);
if (spec === undefined) process.exit(1);
const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, reach, notice: console.error });
const text = textBaselines(dataSet);
const pictures = [];
for (const [index, objective] of spec.objectives.entries()) {
  if (!Object.hasOwn(PREDICTED, objective?.kind ?? "")) continue;
  const baselines = await pictureBaselines(dataSet, index, objective, flags.causal);
  pictures.push({ modality: spec.model.modalities[index].name, ...baselines });
}

if (flags.json) {
  console.log(JSON.stringify({ train: dataSet.train.length, held_out: dataSet.validation.length, text, pictures }));
} else {
  const line = (name, ...cells) =>
    console.log(`  ${name.padEnd(18)}${cells.map((cell) => cell.padStart(11)).join("")}`);
  console.log(`${dataSet.train.length} training documents, ${dataSet.validation.length} held-out documents`);
  console.log("text, nats per target");
  line("", "unigram", "bigram", "targets");
  for (const [name, { unigram, bigram, targets }] of Object.entries(text))
    line(name, unigram.toFixed(4), bigram.toFixed(4), String(targets));
  for (const { modality, what, losses } of pictures) {
    console.log(`${modality}, mean squared error of ${what}`);
    line("", "mean", ...Object.keys(losses["patch alone"].at).map((t) => `t = ${t}`));
    for (const [name, { mean: average, at }] of Object.entries(losses))
      line(name, average.toFixed(4), ...Object.values(at).map((loss) => loss.toFixed(4)));
  }
}
