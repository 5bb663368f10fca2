// WAV files (RIFF/WAVE): bytes → samples. Nothing that the header says is believed before the file bears it out.
// Layout: "RIFF", u32 size, "WAVE", then chunks: four letters, u32 size, so many bytes, a pad byte where that is odd.
import { InputError } from "../../diagnostics/input-error.js";
import { HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, MOST_SAMPLES, type Waveform } from "./waveform.js";

const ANEW =
  "Copy or make the file anew; a program that writes WAV into a pipe cannot know its size: let it write a file.";
const CONVERT = "Convert it to 16-bit PCM at 16 kHz, as with: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav";

/** "WAVE_FORMAT_EXTENSIBLE", whose real format is the beginning of a GUID that ends like this. */
const EXTENSIBLE = 0xfffe;
const GUID_END = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
const COMPRESSED: Readonly<Record<number, string>> = {
  2: "ADPCM",
  6: "A-law",
  7: "µ-law",
  17: "IMA ADPCM",
  49: "GSM",
  80: "MPEG",
  85: "MP3",
};

type Encoding = "u8" | "s16" | "s24" | "s32" | "f32" | "f64";
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  "1/8": "u8",
  "1/16": "s16",
  "1/24": "s24",
  "1/32": "s32",
  "3/32": "f32",
  "3/64": "f64",
};

interface Format {
  readonly encoding: Encoding;
  readonly channels: number;
  readonly rate: number;
  /** Bytes of one sample of every channel. */
  readonly frame: number;
}

export const isWav = (bytes: Uint8Array): boolean => word(bytes, 0) === "RIFF" && word(bytes, 8) === "WAVE";

/**
 * @param place names the file in errors
 * @throws InputError where the file is cut off, contradicts itself, is compressed, or is too large
 */
export function readWav(bytes: Uint8Array, place: string): Waveform {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(4, true);
  if (size + 8 > bytes.length + 1)
    throw new InputError(`${place}: the header tells of ${size + 8} bytes, and the file has ${bytes.length}`, ANEW);
  let format: Format | undefined;
  for (const chunk of chunksOf(view, place)) {
    if (chunk.name === "fmt ") {
      if (format !== undefined) throw new InputError(`${place}: the file has two "fmt " chunks`, ANEW);
      format = formatOf(chunk.view, place);
    } else if (chunk.name === "data") {
      if (format === undefined) throw new InputError(`${place}: the samples stand before their format`, ANEW);
      return samplesOf(chunk.view, format, place);
    }
  }
  throw new InputError(`${place}: the file has no "${format === undefined ? "fmt " : "data"}" chunk`, ANEW);
}

function* chunksOf(view: DataView, place: string): Generator<{ readonly name: string; readonly view: DataView }> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const name = word(bytes, at);
    const size = view.getUint32(at + 4, true);
    const begin = at + 8;
    if (size > view.byteLength - begin)
      throw new InputError(
        `${place}: the chunk ${JSON.stringify(name)} tells of ${size} bytes, and ${view.byteLength - begin} are left`,
        ANEW,
      );
    yield { name, view: new DataView(view.buffer, view.byteOffset + begin, size) };
    at = begin + size + (size % 2);
  }
}

const word = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

/** Layout: u16 format, u16 channels, u32 rate, u32 bytes a second, u16 bytes a frame, u16 bits a sample. */
function formatOf(view: DataView, place: string): Format {
  if (view.byteLength < 16) throw new InputError(`${place}: the format takes ${view.byteLength} bytes, not 16`, ANEW);
  const tag = tagOf(view, place);
  const channels = view.getUint16(2, true);
  const rate = view.getUint32(4, true);
  const frame = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  const compressed = COMPRESSED[tag];
  if (compressed !== undefined) throw new InputError(`${place}: the samples are compressed (${compressed})`, CONVERT);
  const encoding = ENCODINGS[`${tag}/${bits}`];
  if (encoding === undefined)
    throw new InputError(`${place}: samples of format ${tag} with ${bits} bits cannot be read`, CONVERT);
  if (channels < 1 || channels > MOST_CHANNELS)
    throw new InputError(`${place}: the file has ${channels} channels, not 1 to ${MOST_CHANNELS}`, CONVERT);
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new InputError(`${place}: ${rate} samples a second, not ${LOWEST_RATE} to ${HIGHEST_RATE}`, CONVERT);
  if (frame !== (channels * bits) / 8)
    throw new InputError(`${place}: ${channels} × ${bits} bits are said to take ${frame} bytes`, ANEW);
  return { encoding, channels, rate, frame };
}

function tagOf(view: DataView, place: string): number {
  const tag = view.getUint16(0, true);
  if (tag !== EXTENSIBLE) return tag;
  if (view.byteLength < 40 || GUID_END.some((byte, index) => view.getUint8(26 + index) !== byte))
    throw new InputError(`${place}: an extensible format that is not one of Microsoft's`, CONVERT);
  return view.getUint16(24, true);
}

function samplesOf(view: DataView, { encoding, channels, rate, frame }: Format, place: string): Waveform {
  if (view.byteLength === 0) throw new InputError(`${place}: the file holds no samples`, "Leave it out.");
  if (view.byteLength % frame !== 0)
    throw new InputError(`${place}: ${view.byteLength} bytes of samples do not divide into frames of ${frame}`, ANEW);
  const length = view.byteLength / frame;
  if (length * channels > MOST_SAMPLES)
    throw new InputError(`${place}: ${length * channels} samples, and the limit is ${MOST_SAMPLES}`, "Cut it up.");
  const sample = READ[encoding];
  const width = frame / channels;
  const read = Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(length);
    for (let index = 0; index < length; index++) {
      const value = sample(view, index * frame + channel * width);
      if (!Number.isFinite(value)) throw new InputError(`${place}: sample ${index} is ${value}`, ANEW);
      samples[index] = value;
    }
    return samples;
  });
  return { rate, channels: read };
}

const READ: Readonly<Record<Encoding, (view: DataView, at: number) => number>> = {
  u8: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  s16: (view, at) => view.getInt16(at, true) / 2 ** 15,
  s24: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  s32: (view, at) => view.getInt32(at, true) / 2 ** 31,
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => Math.fround(view.getFloat64(at, true)),
};
