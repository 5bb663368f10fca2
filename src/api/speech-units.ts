// Speech units: fits a codebook of units to recordings and measures its error, and converts recordings to units.

import { readAudio, soundFiles } from "../data/audio/read-audio.js";
import { fitUnits, type Heard, listen, ofSpeech, unitsOf } from "../data/audio/units.js";
import { badFiles } from "../data/bad-files.js";
import { readCodebook, writeCodebook } from "../data/codebook.js";
import type { Disk } from "../data/disk.js";
import type { NamedFile } from "../data/named-files.js";
import { reachOf } from "../data/reach.js";
import { inputPieces, readInput } from "../data/read-input.js";
import { makeFolderOf, writeWhole } from "../data/write-whole.js";
import { InputError } from "../diagnostics/input-error.js";
import { CODEBOOK_ENTRIES, SPEECH_FRAMES } from "../modalities/codebook.fields.js";

const REMEDY = "Choose another --out.";

export interface SpeechUnitsOptions {
  /** A folder of recordings, or a JSON Lines file that names recordings. */
  readonly audio: string;
  /** The codebook file to write. */
  readonly out: string;
  readonly entries: number;
  readonly seed: number;
  /** Folders outside the project in which documents may name files. */
  readonly allow?: readonly string[];
  /** Skips recordings that cannot be read. */
  readonly skipBad?: true;
}

export interface SpeechUnits {
  readonly recordings: number;
  /** The number of frames in the recordings, and of those that the entries were fitted to. */
  readonly frames: number;
  readonly used: number;
  /** Mean squared error of the last iteration. */
  readonly error: number;
  readonly seconds: number;
  /** The count of each unit after merging repeats. */
  readonly counts: Float64Array;
}

/**
 * Fits and writes the codebook.
 * @param notice receives a line for each iteration and for each skipped file
 * @throws InputError if an option or a recording is invalid, or a file cannot be written
 */
export function fitSpeechUnits(disk: Disk, options: SpeechUnitsOptions, notice: (text: string) => void): SpeechUnits {
  const { audio, out, entries, seed, allow, skipBad } = options;
  if (entries < CODEBOOK_ENTRIES.least || entries > CODEBOOK_ENTRIES.most)
    throw new InputError(
      "bad-option",
      `--entries is ${entries}`,
      `A codebook has ${CODEBOOK_ENTRIES.least} to ${CODEBOOK_ENTRIES.most} entries.`,
    );
  const files = soundFiles(audio, reachOf(disk, audio, allow));
  makeFolderOf(disk, out, REMEDY);
  let error = 0;
  const progress = (iteration: number, now: number): void => {
    error = now;
    notice(`iteration ${iteration}: mean squared error ${now.toExponential(3)}`);
  };
  const fitted = fitUnits(samplesOf(disk, files, skipBad && notice), { entries, seed, progress });
  const bytes = writeCodebook({ of: "speech" }, fitted.entries, SPEECH_FRAMES.bands);
  writeWhole(disk, out, bytes, REMEDY);
  const codebook = ofSpeech(readCodebook(bytes, out), out);
  const counts = new Float64Array(entries);
  let seconds = 0;
  for (const samples of samplesOf(disk, files, skipBad && (() => {}))) {
    seconds += samples.length / SPEECH_FRAMES.rate;
    for (const unit of unitsOf(samples, codebook)) counts[unit] = (counts[unit] as number) + 1;
  }
  return { recordings: files.length, frames: fitted.frames, used: fitted.used, error, seconds, counts };
}

export interface ListenOptions {
  /** The codebook of speech units. */
  readonly codebook: string;
  /** The file for the documents with units in place of recordings. It must be in the folder of the input. */
  readonly out?: string;
  /** Folders outside the project in which documents may name files. */
  readonly allow?: readonly string[];
}

export interface Listened {
  readonly documents: number;
  readonly recordings: number;
  readonly seconds: number;
  readonly units: number;
}

/**
 * Converts the recordings in a JSON Lines file to speech units.
 * @param heard receives each recording, if no file is written
 * @throws InputError if an option, a line or a recording is invalid, or a file cannot be written
 */
export function listenTo(
  disk: Disk,
  file: string,
  { codebook: path, out, allow }: ListenOptions,
  heard: (recording: Heard["recordings"][number]) => void,
): Listened {
  const { dirname, resolve } = disk.paths;
  const folder = dirname(resolve(file));
  if (out !== undefined && dirname(resolve(out)) !== folder)
    throw new InputError(
      "bad-option",
      `--out ${out} is not in the folder of ${file}`,
      "Write it to the same folder, so that the relative paths in it stay valid.",
    );
  const codebook = ofSpeech(readCodebook(readInput(disk, path), path), path);
  let [documents, recordings, seconds, units] = [0, 0, 0, 0];
  const lines = function* (): Generator<Uint8Array> {
    for (const one of listen(inputPieces(disk, file), file, folder, codebook, reachOf(disk, file, allow))) {
      documents++;
      for (const recording of one.recordings) {
        if (out === undefined) heard(recording);
        recordings++;
        seconds += recording.seconds;
        units += recording.units.length;
      }
      yield new TextEncoder().encode(`${one.line}\n`);
    }
  };
  if (out === undefined) for (const _ of lines());
  else writeWhole(disk, out, lines(), REMEDY);
  return { documents, recordings, seconds, units };
}

/** @param skip receives the list of recordings that cannot be read. If undefined, they are errors, reported together. */
function* samplesOf(
  disk: Disk,
  files: readonly NamedFile[],
  skip: ((text: string) => void) | undefined,
): Generator<Float32Array> {
  const bad = badFiles(skip);
  for (const { path, place } of files) {
    let samples: Float32Array | undefined;
    try {
      samples = readAudio(readInput(disk, path, place), place);
    } catch (error) {
      bad.add(error);
    }
    if (samples !== undefined) yield samples;
  }
  bad.end();
}
