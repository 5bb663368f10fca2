// Measures how well a trained model reproduces training pictures: samples a picture for names of training documents and
// counts the samples whose nearest picture of the data set (mean squared distance of pixels) is the picture of that name.
//   node scripts/nearest.mjs SPEC RUN [--count 100] [--adapter gpu]

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { nodeHost } from "../dist/src/api/node/host.js";
import { readSpec } from "../dist/src/api/read-spec.js";
import { decodersOf, openCodecs } from "../dist/src/data/codecs.js";
import { prepare } from "../dist/src/data/prepare.js";
import { openDevice } from "../dist/src/gpu/dawn.js";
import { chosen, hasPictures, showSamples } from "../dist/src/sample/shown.js";
import { runWeights } from "../dist/src/train/checkpoint.js";
import { runAt } from "../dist/src/train/run-folder.js";
import { nearestPicture, withPixels } from "./nearest-picture.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: "string", default: "100" }, adapter: { type: "string" } },
});
const [file, runFolder] = positionals;
if (!file || !runFolder) {
  process.stderr.write("Usage: node scripts/nearest.mjs SPEC RUN [--count 100] [--adapter gpu]\n");
  process.exit(2);
}
const { spec, folder, reach } = readSpec(nodeDisk, resolve(file));
if (spec === undefined) {
  process.stderr.write(`${file} has errors: see \`mom check ${file}\`.\n`);
  process.exit(1);
}
const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, reach });
const device = await openDevice(values.adapter ? { adapter: values.adapter } : {});
const { weights } = runWeights(runAt(runFolder, nodeDisk));

const all = await Promise.all(
  [...dataSet.train, ...dataSet.validation].map((document) => withPixels(dataSet, document)),
);
const decoders = decodersOf(openCodecs(spec.model, folder, reach));
const modality = spec.model.modalities.findIndex((_, index) => hasPictures(spec, dataSet.codebooks, index));
const settings = { seed: spec.train.seed, tokens: 1, temperature: 1, steps: 50, guidance: 1 };
const show = { modality, documents: chosen(dataSet.train, Number(values.count), 1), settings };
const [shown] = await showSamples(device, weights.tensors, { spec, dataSet, decoders, shows: [show] });
let own = 0;
for (const { document, sampled: made } of shown) {
  if (nearestPicture(made.picture.pixels, all)?.document === document) own++;
}
process.stdout.write(
  `${own} of ${shown.length} sampled pictures are nearest to the picture of their name among ${all.length} (step ${weights.step})\n`,
);
process.exit(0);
