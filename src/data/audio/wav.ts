// Decodes WAV files (RIFF/WAVE, and its 64-bit form RF64). Every size in the header is checked against the file.
// Layout: "RIFF", u32 size, "WAVE", then chunks. A chunk is four letters, a u32 size, its bytes, and a pad byte if the
// size is odd. RF64 (EBU Tech 3306) has 0xFFFFFFFF for sizes; the real ones are in a "ds64" chunk, which comes first.
// A program that writes to a pipe cannot know the size and writes 0 or one of UNKNOWN_SIZES. The samples then extend to the
// end of the file.
import { InputError } from "../../diagnostics/input-error.js";
import { HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS, MOST_SAMPLES, type Waveform } from "./waveform.js";

const RECOPY = "Copy or make the file again: it is truncated or damaged.";
const CONVERT = "Convert it to 16-bit PCM at 16 kHz, for example: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav";

/** "WAVE_FORMAT_EXTENSIBLE". Its real format is the start of a GUID with this end. */
const EXTENSIBLE = 0xfffe;
const GUID_END = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
const COMPRESSED: Readonly<Record<number, string>> = {
  2: "ADPCM",
  17: "IMA ADPCM",
  49: "GSM",
  80: "MPEG",
  85: "MP3",
};

type Encoding = "a_law" | "mu_law" | "u8" | "s16" | "s24" | "s32" | "f32" | "f64";
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  "1/8": "u8",
  "1/16": "s16",
  "1/24": "s24",
  "1/32": "s32",
  "3/32": "f32",
  "3/64": "f64",
  "6/8": "a_law",
  "7/8": "mu_law",
};

interface Format {
  readonly encoding: Encoding;
  readonly channels: number;
  readonly rate: number;
  /** Bytes of one sample in all channels. */
  readonly frame: number;
}

/** What SoX, arecord, ffmpeg and others write for an unknown size. In RF64, the last one refers to the size in "ds64". */
const UNKNOWN_SIZES = [0x7ffff000, 0x7fffffff, 0x80000000, 0xffffffff];

/** Some writers add the length of their header, a few hundred bytes at most. */
const isUnknown = (size: number) => UNKNOWN_SIZES.some((unknown) => size >= unknown && size < unknown + 1024);

const FORMS = ["RIFF", "RF64"];

export const isWav = (bytes: Uint8Array): boolean => FORMS.includes(word(bytes, 0)) && word(bytes, 8) === "WAVE";

/**
 * @param place names the file in errors
 * @throws InputError if the file is truncated, inconsistent, compressed or too large
 */
export function readWav(bytes: Uint8Array, place: string): Waveform {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = word(bytes, 0) === "RF64" ? longSizes(view, place) : undefined;
  const size = view.getUint32(4, true);
  const claimed = long !== undefined && size === 0xffffffff ? long.file : size;
  if (claimed + 8 > bytes.length + 1 && !isUnknown(claimed))
    throw new InputError(
      "bad-recording",
      `${place}: the header gives ${claimed + 8} bytes, but the file has ${bytes.length}`,
      RECOPY,
    );
  let format: Format | undefined;
  for (const chunk of chunksOf(view, long?.data, place)) {
    if (chunk.name === "fmt ") {
      if (format !== undefined)
        throw new InputError("bad-recording", `${place}: the file has two "fmt " chunks`, RECOPY);
      format = formatOf(chunk.view, place);
    } else if (chunk.name === "data") {
      if (format === undefined)
        throw new InputError("bad-recording", `${place}: the "data" chunk precedes the "fmt " chunk`, RECOPY);
      return samplesOf(chunk, format, place);
    }
  }
  throw new InputError(
    "bad-recording",
    `${place}: the file has no "${format === undefined ? "fmt " : "data"}" chunk`,
    RECOPY,
  );
}

/** The "ds64" chunk: u64 size of the file, u64 bytes of samples, u64 samples, then sizes of other chunks. */
function longSizes(view: DataView, place: string): { readonly file: number; readonly data: number } {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (view.byteLength < 48 || word(bytes, 12) !== "ds64" || view.getUint32(16, true) < 28)
    throw new InputError("bad-recording", `${place}: the RF64 file has no "ds64" chunk`, RECOPY);
  return { file: Number(view.getBigUint64(20, true)), data: Number(view.getBigUint64(28, true)) };
}

interface Chunk {
  readonly name: string;
  readonly view: DataView;
  /** Whether the writer did not know the size, so that the chunk takes the rest of the file. */
  readonly open: boolean;
}

/** @param longData the size of the samples in "ds64" */
function* chunksOf(view: DataView, longData: number | undefined, place: string): Generator<Chunk> {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  for (let at = 12; at + 8 <= view.byteLength; ) {
    const name = word(bytes, at);
    const stated = view.getUint32(at + 4, true);
    const begin = at + 8;
    const left = view.byteLength - begin;
    const isData = name === "data";
    const long = isData && longData !== undefined && stated === 0xffffffff;
    // A size of 0 is unknown if the stated size of the file ends here or before; otherwise the file has no samples.
    const open =
      isData && !long && (stated === 0 ? view.getUint32(4, true) + 8 <= begin : stated > left && isUnknown(stated));
    const size = long ? longData : open ? left : stated;
    if (size > left)
      throw new InputError(
        "bad-recording",
        `${place}: the ${JSON.stringify(name)} chunk gives ${size} bytes, but only ${left} are left`,
        RECOPY,
      );
    yield { name, view: new DataView(view.buffer, view.byteOffset + begin, size), open };
    at = begin + size + (size % 2);
  }
}

const word = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));

/** Layout: u16 format, u16 channels, u32 rate, u32 bytes per second, u16 bytes per frame, u16 bits per sample. */
function formatOf(view: DataView, place: string): Format {
  if (view.byteLength < 16)
    throw new InputError("bad-recording", `${place}: the "fmt " chunk has ${view.byteLength} bytes, not 16`, RECOPY);
  const tag = tagOf(view, place);
  const channels = view.getUint16(2, true);
  const rate = view.getUint32(4, true);
  const frame = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  const compressed = COMPRESSED[tag];
  if (compressed !== undefined)
    throw new InputError("bad-recording", `${place}: the samples are compressed (${compressed})`, CONVERT);
  const encoding = ENCODINGS[`${tag}/${bits}`];
  if (encoding === undefined)
    throw new InputError(
      "bad-recording",
      `${place}: the sample format ${tag} with ${bits} bits is not supported`,
      CONVERT,
    );
  if (channels < 1 || channels > MOST_CHANNELS)
    throw new InputError(
      "bad-recording",
      `${place}: the file has ${channels} channels, not 1 to ${MOST_CHANNELS}`,
      CONVERT,
    );
  if (rate < LOWEST_RATE || rate > HIGHEST_RATE)
    throw new InputError(
      "bad-recording",
      `${place}: the sample rate is ${rate} Hz, not ${LOWEST_RATE} to ${HIGHEST_RATE}`,
      CONVERT,
    );
  if (frame !== (channels * bits) / 8)
    throw new InputError(
      "bad-recording",
      `${place}: the header gives ${frame} bytes for ${channels} × ${bits} bits`,
      RECOPY,
    );
  return { encoding, channels, rate, frame };
}

function tagOf(view: DataView, place: string): number {
  const tag = view.getUint16(0, true);
  if (tag !== EXTENSIBLE) return tag;
  if (view.byteLength < 40 || GUID_END.some((byte, index) => view.getUint8(26 + index) !== byte))
    throw new InputError("bad-recording", `${place}: the extensible format is not one of Microsoft's`, CONVERT);
  return view.getUint16(24, true);
}

function samplesOf({ view, open }: Chunk, { encoding, channels, rate, frame }: Format, place: string): Waveform {
  // A pipe may have closed within a frame. If the size is unknown, only complete frames are read, as in libsndfile.
  if (!open && view.byteLength % frame !== 0)
    throw new InputError(
      "bad-recording",
      `${place}: ${view.byteLength} bytes of samples are not a multiple of the frame size, ${frame}`,
      RECOPY,
    );
  const length = Math.floor(view.byteLength / frame);
  if (length === 0)
    throw new InputError("bad-recording", `${place}: the file has no samples`, "Remove it from the data.");
  if (length * channels > MOST_SAMPLES)
    throw new InputError(
      "bad-recording",
      `${place}: the file has ${length * channels} samples; the limit is ${MOST_SAMPLES}`,
      "Split it into shorter files.",
    );
  const sample = READ[encoding];
  const width = frame / channels;
  const read = Array.from({ length: channels }, (_, channel) => {
    const samples = new Float32Array(length);
    for (let index = 0; index < length; index++) {
      const value = sample(view, index * frame + channel * width);
      if (!Number.isFinite(value))
        throw new InputError("bad-recording", `${place}: sample ${index} is ${value}`, RECOPY);
      samples[index] = value;
    }
    return samples;
  });
  return { rate, channels: read };
}

const READ: Readonly<Record<Encoding, (view: DataView, at: number) => number>> = {
  a_law: (view, at) => A_LAW[view.getUint8(at)] as number,
  mu_law: (view, at) => MU_LAW[view.getUint8(at)] as number,
  u8: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
  s16: (view, at) => view.getInt16(at, true) / 2 ** 15,
  s24: (view, at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23,
  s32: (view, at) => view.getInt32(at, true) / 2 ** 31,
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => Math.fround(view.getFloat64(at, true)),
};

/** A-law: every other bit is inverted; sign (1 is positive), 3 exponent bits, 4 mantissa bits. */
const A_LAW = Float32Array.from({ length: 256 }, (_, coded) => {
  const code = coded ^ 0x55;
  const exponent = (code >> 4) & 7;
  const mantissa = 2 * (code & 15) + 1;
  const size = exponent === 0 ? mantissa * 8 : (mantissa + 32) * 2 ** (exponent + 2);
  return (code & 0x80 ? size : -size) / 2 ** 15;
});

/** µ-law: every bit is inverted; sign (1 is negative), 3 exponent bits, 4 mantissa bits, and a bias of 132. */
const MU_LAW = Float32Array.from({ length: 256 }, (_, coded) => {
  const code = ~coded & 0xff;
  const size = (2 * (code & 15) + 33) * 2 ** (((code >> 4) & 7) + 2) - 132;
  return (code & 0x80 ? -size : size) / 2 ** 15;
});
