// Measures whether a model draws what it never saw: pairs of a name and a vendor that `emoji(sets: …)` held out. It samples a
// picture for each held-out caption, and looks for the nearest of that vendor's pictures (mean squared distance of pixels). Its
// name counts as found if that picture is its own. It prints the same for chance, and for copying: another vendor's picture
// of the name in place of the sample.
//   node scripts/held-out-pairs.mjs SPEC RUN [--count 100] [--steps 50] [--guidance 1] [--adapter gpu]

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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: "string", default: "100" },
    steps: { type: "string", default: "50" },
    guidance: { type: "string", default: "1" },
    adapter: { type: "string" },
  },
});
const [file, runFolder] = positionals;
if (!file || !runFolder) {
  process.stderr.write("Usage: node scripts/held-out-pairs.mjs SPEC RUN [--count 100] [--steps 50] [--guidance 1]\n");
  process.exit(2);
}
const { spec, folder } = readSpec(nodeDisk, resolve(file));
const { source } = spec.data;
if (source.kind !== "emoji" || source.sets.length < 2 || source.languages.length > 1) {
  process.stderr.write("The data must be emoji(sets: …) with several sets and one language.\n");
  process.exit(2);
}
const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder });

/** Documents by name and vendor: the vendor is behind the last comma of a caption. */
const pairOf = (document) => {
  const label = dataSet.label(document);
  const comma = label.lastIndexOf(", ");
  return { document, name: label.slice(0, comma), vendor: label.slice(comma + 2) };
};
const pairs = [...dataSet.train, ...dataSet.validation].map((document) => ({
  ...pairOf(document),
  pixels: dataSet.firstItem(document).pixels,
}));
const seen = new Set(dataSet.train);
const ofVendor = grouped((pair) => pair.vendor);
const ofName = grouped((pair) => pair.name);

function grouped(keyOf) {
  const groups = new Map(pairs.map((pair) => [keyOf(pair), []]));
  for (const pair of pairs) groups.get(keyOf(pair)).push(pair);
  return groups;
}

function distance(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum;
}

/** Whether the vendor's own picture of the name is nearest to these pixels among all of the vendor's pictures. */
function isOwn({ document, vendor }, pixels) {
  let [best, least] = [-1, Number.POSITIVE_INFINITY];
  for (const other of ofVendor.get(vendor)) {
    const far = distance(pixels, other.pixels);
    if (far < least) [best, least] = [other.document, far];
  }
  return best === document;
}

const device = await openDevice(values.adapter ? { adapter: values.adapter } : {});
const { weights } = runWeights(runAt(runFolder, nodeDisk));
const decoders = decodersOf(openCodecs(spec.model, folder));
const modality = spec.model.modalities.findIndex((_, index) => hasPictures(spec, dataSet.codebooks, index));
const settings = {
  seed: spec.train.seed,
  tokens: 1,
  temperature: 1,
  steps: Number(values.steps),
  guidance: Number(values.guidance),
};
const documents = chosen(dataSet.validation, Number(values.count), 1);
const shows = [{ modality, documents, settings }];
const [shown] = await showSamples(device, weights.tensors, { spec, dataSet, decoders, shows });

let [own, chance, copied, copies] = [0, 0, 0, 0];
for (const { document, sampled } of shown) {
  const pair = pairs.find((one) => one.document === document);
  if (isOwn(pair, sampled.picture.pixels)) own++;
  chance += 1 / ofVendor.get(pair.vendor).length;
  // Every other vendor's picture of the name that is in training is a guess of its own.
  const others = ofName.get(pair.name).filter((one) => one.vendor !== pair.vendor && seen.has(one.document));
  copied += others.filter(({ pixels }) => isOwn(pair, pixels)).length / others.length;
  copies += others.length;
}
const percent = (count) => `${((100 * count) / shown.length).toFixed(1)} %`;
process.stdout.write(
  [
    `${shown.length} of ${dataSet.validation.length} held-out pairs, step ${weights.step}; nearest to the vendor's own picture of the name:`,
    `  sampled pictures         ${percent(own)} (${own})`,
    `  another vendor's picture ${percent(copied)} (mean over ${(copies / shown.length).toFixed(1)} vendors that were seen)`,
    `  chance                   ${percent(chance)}`,
    "",
  ].join("\n"),
);
process.exit(0);
