// Computes losses of simple models on the held-out documents of a spec, which a trained model should beat:
//   node scripts/baselines.mjs SPEC [--causal] [--json]
// Text and codes: cross-entropy of unigrams and bigrams, in nats per target, on the model's targets.
// Pictures: mean squared error of the best linear predictor of the noise, averaged over the timesteps 1..T. It predicts
// from the patch alone and from the entire picture (minutes at 32x32). With --causal it also predicts from the patch and
// the patches before it, as a causal model does. That runs at 20 timesteps, interpolated with the loss of the entire
// picture (seconds at 16x16, half an hour at 32x32).
// Needs `npm run build`.

import { parseArgs } from "node:util";
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
import { alphaBar } from "../dist/src/objectives/ddpm.js";
import { stream } from "../dist/src/random/stream.js";

const SHOWN_TIMESTEPS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75];

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

/** The mean loss over the timesteps and the losses at the printed timesteps. */
async function pictureBaselines(dataSet, index, steps, withCausal) {
  const modality = dataSet.parts.modalities[index];
  const timesteps = Array.from({ length: steps }, (_, t) => t + 1);
  const alphaBars = timesteps.map((t) => alphaBar(t, steps));
  const train = await pictureRows(dataSet, dataSet.train, index);
  const heldOut = await pictureRows(dataSet, dataSet.validation, index);
  const heldOutPatches = patchRows(heldOut, modality);
  const byPatch = patchRows(train, modality).map((rows, patch) =>
    linearDenoiserLoss(rows, heldOutPatches[patch], alphaBars),
  );
  const alone = alphaBars.map((_, t) => mean(byPatch.map((losses) => losses[t].loss)));
  const whole = linearDenoiserLoss(train, heldOut, alphaBars);
  const wholeMean = mean(whole.map(({ loss }) => loss));
  const shown = SHOWN_TIMESTEPS.map((share) => Math.max(1, Math.round(share * steps)));
  const row = (average, at) => ({ mean: average, at: Object.fromEntries(shown.map((t) => [t, at(t)])) });
  const losses = {
    "patch alone": row(mean(alone), (t) => alone[t - 1]),
    "whole picture": row(wholeMean, (t) => whole[t - 1].loss),
  };
  if (!withCausal) return losses;
  const fitted = fitGaussian(train);
  const causal = (t) => {
    const settings = { alphaBar: alphaBars[t - 1], gamma: whole[t - 1].gamma, noise: stream("noise", 0) };
    return causalDenoiserLoss(fitted, heldOut, patchSize(modality), settings);
  };
  const middles = Array.from({ length: 20 }, (_, k) => Math.max(1, Math.round(((k + 0.5) * steps) / 20)));
  const between = mean(middles.map((t) => causal(t) - whole[t - 1].loss));
  return { ...losses, "patches so far": row(wholeMean + between, causal) };
}

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { causal: { type: "boolean" }, json: { type: "boolean" } },
});
const [path] = positionals;
if (path === undefined) throw new Error("Usage: node scripts/baselines.mjs SPEC [--causal] [--json]");
const { spec, folder } = readSpec(nodeDisk, path);
if (spec === undefined) process.exit(1);
const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, notice: console.error });
const text = textBaselines(dataSet);
const pictures = [];
for (const [index, objective] of spec.objectives.entries()) {
  if (objective?.kind !== "ddpm") continue;
  const losses = await pictureBaselines(dataSet, index, objective.steps, flags.causal);
  pictures.push({ modality: spec.model.modalities[index].name, losses });
}

if (flags.json) {
  console.log(JSON.stringify({ train: dataSet.train.length, held_out: dataSet.validation.length, text, pictures }));
} else {
  const line = (name, ...cells) => console.log(`  ${name.padEnd(18)}${cells.map((cell) => cell.padStart(9)).join("")}`);
  console.log(`${dataSet.train.length} training documents, ${dataSet.validation.length} held-out documents`);
  console.log("text, nats per target");
  line("", "unigram", "bigram", "targets");
  for (const [name, { unigram, bigram, targets }] of Object.entries(text))
    line(name, unigram.toFixed(4), bigram.toFixed(4), String(targets));
  for (const { modality, losses } of pictures) {
    console.log(`${modality}, mean squared error of the noise`);
    line("", "mean", ...Object.keys(losses["patch alone"].at).map((t) => `t = ${t}`));
    for (const [name, { mean: average, at }] of Object.entries(losses))
      line(name, average.toFixed(4), ...Object.values(at).map((loss) => loss.toFixed(4)));
  }
}
