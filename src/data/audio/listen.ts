// Turns the recordings that a JSON Lines file names into units, so that the file can do without them.

import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import type { SpeechCodebook } from "../codebook.js";
import { fileInFolder } from "../file-in-folder.js";
import { linesOf } from "../json-lines.js";
import type { Reach } from "../reach.js";
import { readInput } from "../read-input.js";
import { readAudio } from "./read-audio.js";
import { unitsOf } from "./units.js";

export interface Heard {
  /** The line with `{"codes": […]}` for each `{"audio": "…"}`; all else as it was. */
  readonly line: string;
  /** Of each recording in it: its path as written, how long it is, its units. */
  readonly recordings: readonly { readonly audio: string; readonly seconds: number; readonly units: Int32Array }[];
}

/**
 * @param pieces the file's bytes
 * @param name the file as the user knows it
 * @param folder that of the file
 * @param reach what else may be read
 * @throws InputError where a line or a recording cannot be read
 */
export function* listen(
  pieces: Iterable<Uint8Array>,
  name: string,
  folder: string,
  codebook: SpeechCodebook,
  reach: Reach,
): Generator<Heard> {
  for (const { place, value } of linesOf(pieces, name)) {
    const recordings: Heard["recordings"][number][] = [];
    const heard = (key: string, inner: unknown): unknown => {
      if (key !== "segments" || !Array.isArray(inner)) return inner;
      return inner.map((segment: unknown) => {
        if (typeof segment !== "object" || segment === null || !("audio" in segment)) return segment;
        const { audio, ...others } = segment;
        if (typeof audio !== "string") return segment;
        const path = fileInFolder(audio, { place, folder, what: "recording", reach });
        const samples = readAudio(readInput(reach.disk, path, place), `${place}: ${audio}`);
        const units = unitsOf(samples, codebook);
        recordings.push({ audio, seconds: samples.length / SPEECH_FRAMES.rate, units });
        return { codes: [...units], ...others };
      });
    };
    yield { line: JSON.stringify(value, heard), recordings };
  }
}
