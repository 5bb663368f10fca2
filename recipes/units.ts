// Fits a codebook of speech units to recordings.
import { nodeDisk } from "../src/api/node/disk.js";
import type { Recipe } from "../src/api/node/recipes.js";
import { fitSpeechUnits, type SpeechUnitsOptions } from "../src/api/speech-units.js";

export const recipe: Recipe<SpeechUnitsOptions> = {
  summary: "fit a codebook of speech units to recordings",
  example: "mom data units --audio data/asterisk/speech.jsonl --entries 500 --out data/asterisk/units.safetensors",
  options: [
    { flags: "--audio <path>", about: "a folder of WAV and FLAC files, or a JSON Lines file that names recordings" },
    { flags: "--out <file>", about: "the codebook to write, a .safetensors file" },
    { flags: "--entries <n>", about: "the number of units", default: 500 },
    { flags: "--seed <n>", about: "the random seed of the search", default: 7 },
  ],
  readsDocuments: true,
  run(options, notice) {
    const { out, entries } = options;
    const { recordings, frames, used, error, seconds, counts } = fitSpeechUnits(nodeDisk, options, notice);
    const units = counts.reduce((sum, count) => sum + count, 0);
    const bits = entropy(counts);
    return (
      `${out}: ${entries} units, fitted to ${used} of ${frames} frames of ${recordings} recordings ` +
      `(${(seconds / 3600).toFixed(3)} h); mean squared error ${error.toExponential(3)}\n` +
      `${units} units after merging repeats: ${(units / seconds).toFixed(1)} per second, ${bits.toFixed(2)} bits each ` +
      `(${Math.log2(entries).toFixed(2)} if all were equally frequent), ${((units * bits) / seconds).toFixed(0)} bits per second\n`
    );
  },
};

/** Entropy in bits. */
function entropy(counts: Float64Array): number {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.reduce((bits, count) => bits - (count === 0 ? 0 : (count / sum) * Math.log2(count / sum)), 0);
}
