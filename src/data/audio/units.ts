// Speech units: the codebook's entry nearest to each frame of 40 ms, once for every run of the same.
import { InputError } from "../../diagnostics/input-error.js";
import { type Codebook, isOfSpeech, type SpeechCodebook } from "../codebook.js";
import { nearestEntries } from "../nearest.js";
import { logMel } from "./log-mel.js";

/** Each unit once for every run of it. */
export const merged = (units: ArrayLike<number>): Int32Array =>
  Int32Array.from(units).filter((unit, index, all) => index === 0 || unit !== all[index - 1]);

/** @param samples at 16 kHz, at least one */
export const unitsOf = (samples: Float32Array, { entries, facts }: SpeechCodebook): Int32Array =>
  merged(nearestEntries(logMel(samples), entries, facts.columns).codes);

/** @param name the file as the user knows it @throws InputError where the codebook is of something else */
export function ofSpeech(codebook: Codebook, name: string): SpeechCodebook {
  if (isOfSpeech(codebook)) return codebook;
  throw new InputError(
    "codebook",
    `${name}: the codebook is of ${codebook.facts.kind.of}, not of speech`,
    "Fit one: mom data units --audio FOLDER --out FILE.safetensors",
  );
}
