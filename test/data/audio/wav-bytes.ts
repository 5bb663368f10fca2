// Builds WAV files for tests from bytes, and sounds for them.

/** A RIFF header with the right size, followed by the given chunks. */
export function riff(...chunks: Uint8Array[]): Uint8Array {
  const body = joined(ascii("WAVE"), ...chunks);
  return joined(ascii("RIFF"), u32(body.length), body);
}

export const chunk = (name: string, bytes: Uint8Array): Uint8Array =>
  joined(ascii(name), u32(bytes.length), bytes, new Uint8Array(bytes.length % 2));

export interface FormatOptions {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
}

export function format({ tag = 1, channels = 1, rate = 16_000, bits = 16 }: FormatOptions = {}): Uint8Array {
  const frame = (channels * bits) / 8;
  return joined(u16(tag), u16(channels), u32(rate), u32(rate * frame), u16(frame), u16(bits));
}

/** A file of 16-bit samples from one list per channel, in which full scale is ±1. */
export function wavOf(channels: readonly ArrayLike<number>[], rate = 16_000): Uint8Array {
  const length = channels[0]?.length ?? 0;
  const samples = new Int16Array(length * channels.length);
  channels.forEach((channel, at) => {
    for (let index = 0; index < length; index++)
      samples[index * channels.length + at] = Math.round((channel[index] as number) * 32_767);
  });
  return riff(
    chunk("fmt ", format({ channels: channels.length, rate })),
    chunk("data", new Uint8Array(samples.buffer)),
  );
}

export const sine = (hz: number, seconds: number, rate = 16_000, amplitude = 0.5): Float32Array =>
  Float32Array.from(
    { length: Math.round(seconds * rate) },
    (_, index) => amplitude * Math.sin((2 * Math.PI * hz * index) / rate),
  );

export function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
export const u16 = (value: number): Uint8Array => new Uint8Array(Uint16Array.of(value).buffer);
export const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
