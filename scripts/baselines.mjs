// What a model has to beat on the held-out documents of a spec, from its training documents alone:
//   node scripts/baselines.mjs SPEC [--json]
// Text: cross-entropy of unigrams and bigrams, in nats a target, on the targets that the model has.
// Pictures: mean squared error of the best linear predictor of the noise, averaged over the timesteps 1..T, which are
// drawn alike; from the patch alone at its own position, and from the whole picture (more than a causal model sees).
// Needs `npm run build`.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { linearDenoiserLoss } from "../dist/src/data/baselines/linear-denoiser.js";
import { ngramLosses, targetsOf } from "../dist/src/data/baselines/ngrams.js";
import { patchRows, pictureRows } from "../dist/src/data/baselines/pictures.js";
import { prepare } from "../dist/src/data/prepare.js";
import { check } from "../dist/src/front/check.js";
import { alphaBar } from "../dist/src/objectives/ddpm.js";

const SHOWN_TIMESTEPS = [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75];

const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

function readSpec(path) {
  const folder = dirname(path);
  const read = (file) => {
    const at = join(folder, file);
    return existsSync(at) ? { path: file, text: readFileSync(at, "utf8") } : undefined;
  };
  const name = basename(path);
  const { spec, diagnostics } = check({ path: name, text: readFileSync(path, "utf8") }, read);
  if (spec === undefined) throw new Error(`${path} is wrong: ${diagnostics[0]?.title}; see mom check ${path}`);
  return spec;
}

/** By what a target may be: anything, or a byte of the first `bytes` modality. */
function textBaselines(dataSet) {
  const { modalities, vocabulary } = dataSet.parts;
  const bytes = vocabulary.first[modalities.findIndex(({ kind }) => kind === "bytes")];
  const isByte = ({ id }) => id >= bytes && id < bytes + 256;
  const train = targetsOf(dataSet, dataSet.train);
  const heldOut = targetsOf(dataSet, dataSet.validation);
  const bytesOf = (documents) => documents.map((targets) => targets.filter(isByte));
  return {
    "all targets": ngramLosses(train, heldOut, vocabulary.size),
    "bytes alone": ngramLosses(bytesOf(train), bytesOf(heldOut), 256),
  };
}

function pictureBaselines(dataSet, index, steps) {
  const modality = dataSet.parts.modalities[index];
  const alphaBars = Array.from({ length: steps }, (_, t) => alphaBar(t + 1, steps));
  const train = pictureRows(dataSet, dataSet.train, index);
  const heldOut = pictureRows(dataSet, dataSet.validation, index);
  const heldOutPatches = patchRows(heldOut, modality);
  const byPatch = patchRows(train, modality).map((rows, patch) =>
    linearDenoiserLoss(rows, heldOutPatches[patch], alphaBars),
  );
  const alone = alphaBars.map((_, t) => mean(byPatch.map((losses) => losses[t])));
  const whole = linearDenoiserLoss(train, heldOut, alphaBars);
  return {
    "patch alone": alone,
    "whole picture": whole,
    "the better at each t": alone.map((a, t) => Math.min(a, whole[t])),
  };
}

const [path, flag] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: node scripts/baselines.mjs SPEC [--json]");
const spec = readSpec(path);
const { dataSet } = await prepare(spec.data, spec.model, { folder: dirname(path), notice: console.error });
const text = textBaselines(dataSet);
const pictures = spec.objectives.flatMap((objective, index) => {
  if (objective?.kind !== "ddpm") return [];
  const losses = pictureBaselines(dataSet, index, objective.steps);
  return [{ modality: spec.model.modalities[index].name, steps: objective.steps, losses }];
});

if (flag === "--json") {
  const means = pictures.map(({ modality, losses }) => ({
    modality,
    ...Object.fromEntries(Object.entries(losses).map(([name, byStep]) => [name, mean(byStep)])),
  }));
  console.log(
    JSON.stringify({ train: dataSet.train.length, held_out: dataSet.validation.length, text, pictures: means }),
  );
} else {
  const line = (name, ...cells) => console.log(`  ${name.padEnd(22)}${cells.map((cell) => cell.padStart(9)).join("")}`);
  console.log(`${dataSet.train.length} training documents, ${dataSet.validation.length} held out`);
  console.log("text, nats a target");
  line("", "unigram", "bigram", "targets");
  for (const [name, { unigram, bigram, targets }] of Object.entries(text))
    line(name, unigram.toFixed(4), bigram.toFixed(4), String(targets));
  for (const { modality, steps, losses } of pictures) {
    const shown = SHOWN_TIMESTEPS.map((share) => Math.max(1, Math.round(share * steps)));
    console.log(`${modality}, mean squared error of the noise`);
    line("", "mean", ...shown.map((t) => `t = ${t}`));
    for (const [name, byStep] of Object.entries(losses))
      line(name, mean(byStep).toFixed(4), ...shown.map((t) => byStep[t - 1].toFixed(4)));
  }
}
