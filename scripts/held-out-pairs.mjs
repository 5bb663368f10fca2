// Measures whether a model draws what it never saw: pairs of a name and a vendor that `emoji(sets: …)` held out. It samples a
// picture for each held-out caption, and looks for the nearest picture (mean squared distance of pixels), once among the
// vendor's pictures of all names, and once among all held-out pictures. The name counts as found if that picture has it.
// It prints the same for chance, and for copying: another vendor's picture of the name in place of the sample.
// The sheet has a row for each pair: another vendor's picture, the right one, and the sample.
//   node scripts/held-out-pairs.mjs SPEC RUN [--data DIR] [--count 100] [--steps 50] [--guidance 1] [--sheet FILE.png]

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { deflateSync } from "node:zlib";
import { nodeDisk } from "../dist/src/api/node/disk.js";
import { nodeHost } from "../dist/src/api/node/host.js";
import { readSpec } from "../dist/src/api/read-spec.js";
import { withData } from "../dist/src/api/where-data.js";
import { decodersOf, openCodecs } from "../dist/src/data/codecs.js";
import { prepare } from "../dist/src/data/prepare.js";
import { openDevice } from "../dist/src/gpu/dawn.js";
import { encodePng } from "../dist/src/report/png.js";
import { chosen, hasPictures, showSamples } from "../dist/src/sample/shown.js";
import { runWeights } from "../dist/src/train/checkpoint.js";
import { runAt } from "../dist/src/train/run-folder.js";
import { nearestPicture, withPixels } from "./nearest-picture.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    count: { type: "string", default: "100" },
    steps: { type: "string", default: "50" },
    guidance: { type: "string", default: "1" },
    sheet: { type: "string" },
    adapter: { type: "string" },
  },
});
const [file, runFolder] = positionals;
if (!file || !runFolder) {
  process.stderr.write("Usage: node scripts/held-out-pairs.mjs SPEC RUN [--data DIR] [--count 100] [--guidance 1]\n");
  process.exit(2);
}
const read = readSpec(nodeDisk, resolve(file));
if (read.spec === undefined) {
  process.stderr.write(`${file} has errors: see \`mom check ${file}\`.\n`);
  process.exit(1);
}
const { source } = read.spec.data;
if (source.kind !== "emoji" || source.sets.length < 2 || source.languages.length > 1) {
  process.stderr.write("The data must be emoji(sets: …) with several sets and one language.\n");
  process.exit(2);
}
const { spec, folder, reach } = withData(read, values.data);
const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, reach });

/** Documents by name and vendor: the vendor is behind the last comma of a caption. */
const pairOf = (document) => {
  const label = dataSet.label(document);
  const comma = label.lastIndexOf(", ");
  return { name: label.slice(0, comma), vendor: label.slice(comma + 2) };
};
const pairWithPixels = async (document) => ({ ...pairOf(document), ...(await withPixels(dataSet, document)) });
const training = await Promise.all(dataSet.train.map(pairWithPixels));
const heldOut = await Promise.all(dataSet.validation.map(pairWithPixels));
const ofVendor = grouped([...training, ...heldOut], ({ vendor }) => vendor);
const seenOf = grouped(training, ({ name }) => name);
const unseen = heldOut.filter(({ name }) => !seenOf.has(name));
if (unseen.length > 0) throw new Error(`${unseen.length} held-out names are not in training`);

function grouped(pairs, keyOf) {
  const groups = new Map(pairs.map((pair) => [keyOf(pair), []]));
  for (const pair of pairs) groups.get(keyOf(pair)).push(pair);
  return groups;
}

/** Whether the nearest of these pictures has the name. */
const isOwn = (name, pixels, among) => nearestPicture(pixels, among)?.name === name;

const device = await openDevice(values.adapter ? { adapter: values.adapter } : {});
const { weights } = runWeights(runAt(runFolder, nodeDisk));
const decoders = decodersOf(openCodecs(spec.model, folder, reach));
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

const byDocument = new Map(heldOut.map((pair) => [pair.document, pair]));
const drawn = shown.map(({ document, sampled }) => ({
  ...byDocument.get(document),
  sample: sampled.picture.pixels,
  // Every other vendor's picture of the name that is in training is a guess of its own.
  others: seenOf.get(byDocument.get(document).name),
}));
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const percent = (share) => `${(100 * share).toFixed(2)} %`;
function report(title, amongOf) {
  const found = drawn.filter((pair) => isOwn(pair.name, pair.sample, amongOf(pair))).length;
  const copied = mean(
    drawn.map((pair) => mean(pair.others.map(({ pixels }) => Number(isOwn(pair.name, pixels, amongOf(pair)))))),
  );
  const chance = mean(
    drawn.map((pair) => amongOf(pair).filter(({ name }) => name === pair.name).length / amongOf(pair).length),
  );
  const share = found / drawn.length;
  return [
    `nearest among ${title}:`,
    `  sampled pictures         ${percent(share)} (${found} of ${drawn.length}), ${(share / chance).toFixed(0)} times chance`,
    `  another vendor's picture ${percent(copied)}`,
    `  chance                   ${percent(chance)}`,
  ];
}
process.stdout.write(
  [
    `${drawn.length} of ${heldOut.length} held-out pairs, step ${weights.step}, guidance ${settings.guidance}, ${settings.steps} steps`,
    ...report("the vendor's pictures of all names", ({ vendor }) => ofVendor.get(vendor)),
    ...report("all held-out pictures", () => heldOut),
    "",
  ].join("\n"),
);
if (values.sheet) writeFileSync(values.sheet, encodePng(sheetOf(drawn), deflateSync));
process.exit(0);

/** Rows of pictures side by side, five pairs in each, with a gap between pairs. */
function sheetOf(pairs) {
  const { width, height, channels } = shown[0].sampled.picture;
  const [columns, scale, gap] = [5, 2, 8];
  const [cell, row] = [3 * width * scale + gap, height * scale + gap];
  const [wide, high] = [columns * cell, Math.ceil(pairs.length / columns) * row];
  const pixels = new Uint8Array(wide * high * channels).fill(255);
  for (const [i, { others, pixels: truth, sample }] of pairs.entries())
    for (const [place, picture] of [others[0].pixels, truth, sample].entries()) {
      const [left, top] = [(i % columns) * cell + place * width * scale, Math.floor(i / columns) * row];
      for (let y = 0; y < height * scale; y++)
        for (let x = 0; x < width * scale; x++) {
          const from = (Math.floor(y / scale) * width + Math.floor(x / scale)) * channels;
          const to = ((top + y) * wide + left + x) * channels;
          for (let c = 0; c < channels; c++) pixels[to + c] = picture[from + c];
        }
    }
  return { width: wide, height: high, channels, pixels };
}
