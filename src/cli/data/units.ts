// `mom data units`: fits a codebook of speech units to recordings.

import { fitUnits } from "../../data/audio/fit-units.js";
import { readAudio } from "../../data/audio/read-audio.js";
import { soundFiles } from "../../data/audio/sound-files.js";
import { ofSpeech, unitsOf } from "../../data/audio/units.js";
import { badFiles } from "../../data/bad-files.js";
import { readCodebook, writeCodebook } from "../../data/codebook.js";
import type { NamedFile } from "../../data/named-files.js";
import { reachOf } from "../../data/reach.js";
import { readInput } from "../../data/read-input.js";
import { makeFolderOf, writeWhole } from "../../data/write-whole.js";
import { InputError } from "../../diagnostics/input-error.js";
import { CODEBOOK_ENTRIES, SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { allowOption, skipBadOption } from "../compile-options.js";
import { wholeNumber } from "../trained.js";
import type { Subcommand } from "./subcommand.js";

interface Options {
  readonly audio: string;
  readonly out: string;
  readonly entries: number;
  readonly seed: number;
  readonly allow?: readonly string[];
  readonly skipBad?: true;
}

const REMEDY = "Choose another --out.";

export const subcommand: Subcommand = {
  name: "units",
  summary: "fit a codebook of speech units to recordings",
  example: "mom data units --audio data/asterisk/speech.jsonl --entries 500 --out data/asterisk/units.safetensors",
  declare(command) {
    command
      .requiredOption("--audio <path>", "a folder of WAV and FLAC files, or a JSON Lines file that names some")
      .requiredOption("--out <file>", "the codebook's file, a .safetensors")
      .option("--entries <n>", "how many units there are", wholeNumber, 500)
      .option("--seed <n>", "where the search begins", wholeNumber, 7)
      .addOption(allowOption())
      .addOption(skipBadOption())
      .action(({ audio, out, entries, seed, allow, skipBad }: Options) => {
        if (entries < CODEBOOK_ENTRIES.least || entries > CODEBOOK_ENTRIES.most)
          throw new InputError(
            `--entries is ${entries}`,
            `A codebook has ${CODEBOOK_ENTRIES.least} to ${CODEBOOK_ENTRIES.most} entries.`,
          );
        const files = soundFiles(audio, reachOf(audio, allow));
        makeFolderOf(out, REMEDY);
        const notice = (text: string): void => void process.stderr.write(`${text}\n`);
        let errorNow = 0;
        const progress = (iteration: number, error: number): void => {
          errorNow = error;
          process.stderr.write(`iteration ${iteration}: mean squared error ${error.toExponential(3)}\n`);
        };
        const fitted = fitUnits(samplesOf(files, skipBad && notice), { entries, seed, progress });
        const bytes = writeCodebook({ of: "speech" }, fitted.entries, SPEECH_FRAMES.bands);
        writeWhole(out, bytes, REMEDY);
        const codebook = ofSpeech(readCodebook(bytes, out), out);
        const counts = new Float64Array(entries);
        let seconds = 0;
        for (const samples of samplesOf(files, skipBad && (() => {}))) {
          seconds += samples.length / SPEECH_FRAMES.rate;
          for (const unit of unitsOf(samples, codebook)) counts[unit] = (counts[unit] as number) + 1;
        }
        const units = counts.reduce((sum, count) => sum + count, 0);
        process.stdout.write(
          `${out}: ${entries} units, fitted to ${fitted.used} of ${fitted.frames} frames of ${files.length} recordings ` +
            `(${(seconds / 3600).toFixed(3)} h); mean squared error ${errorNow.toExponential(3)}\n` +
            `${units} units where runs are merged: ${(units / seconds).toFixed(1)} a second, ${entropy(counts).toFixed(2)} bits each ` +
            `(${Math.log2(entries).toFixed(2)} if all were as frequent), ${((units * entropy(counts)) / seconds).toFixed(0)} bits a second\n`,
        );
      });
  },
};

/** @param told gets a list of recordings that cannot be read; left out, they are refused, but not before all are known */
function* samplesOf(files: readonly NamedFile[], told: ((text: string) => void) | undefined): Generator<Float32Array> {
  const bad = badFiles(told);
  for (const { path, place } of files) {
    let samples: Float32Array | undefined;
    try {
      samples = readAudio(readInput(path, place), place);
    } catch (error) {
      bad.add(error);
    }
    if (samples !== undefined) yield samples;
  }
  bad.end();
}

/** In bits. */
function entropy(counts: Float64Array): number {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.reduce((bits, count) => bits - (count === 0 ? 0 : (count / sum) * Math.log2(count / sum)), 0);
}
