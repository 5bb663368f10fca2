// Sound files of either format to one channel at 16 kHz.
import { InputError } from "../../diagnostics/input-error.js";
import { SPEECH_FRAMES } from "../../modalities/codebook.fields.js";
import { isFlac, readFlac } from "./flac.js";
import { resampled } from "./resample.js";
import { isWav, readWav } from "./wav.js";
import { MOST_SECONDS, mixedDown } from "./waveform.js";

/** Bumped when the same file gives other samples, so that shards are prepared anew. */
export const AUDIO_DECODER = 1;

/** Endings of the files that `readAudio` reads. */
export const AUDIO_ENDINGS = [".wav", ".flac"] as const;

/**
 * @param place names the file in errors
 * @returns samples at 16 kHz, full scale being ±1
 * @throws InputError where the file is none of both, damaged or too large
 */
export function readAudio(bytes: Uint8Array, place: string): Float32Array {
  if (!isWav(bytes) && !isFlac(bytes))
    throw new InputError(
      "bad-recording",
      `${place}: neither a WAV nor a FLAC file`,
      "Convert it, as with: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav",
    );
  const waveform = isWav(bytes) ? readWav(bytes, place) : readFlac(bytes, place);
  const seconds = (waveform.channels[0]?.length ?? 0) / waveform.rate;
  if (seconds > MOST_SECONDS)
    throw new InputError(
      "bad-recording",
      `${place}: ${Math.round(seconds)} seconds, and the limit is ${MOST_SECONDS}`,
      "Cut it up.",
    );
  return resampled(mixedDown(waveform), waveform.rate, SPEECH_FRAMES.rate);
}
