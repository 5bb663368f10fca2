// Writes WAV files of 16-bit samples; wav.ts reads them.
import type { Waveform } from "./waveform.js";

const HEADER = 44;
const FULL_SCALE = 2 ** 15;

/** @param waveform samples beyond ±1 are clipped */
export function wavBytes({ rate, channels }: Waveform): Uint8Array {
  const count = channels.length;
  const bytes = 2 * count * (channels[0]?.length ?? 0);
  const file = new DataView(new ArrayBuffer(HEADER + bytes));
  const words = (at: number, text: string) => {
    for (let index = 0; index < text.length; index++) file.setUint8(at + index, text.charCodeAt(index));
  };
  words(0, "RIFF");
  file.setUint32(4, HEADER - 8 + bytes, true);
  words(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true);
  file.setUint16(22, count, true);
  file.setUint32(24, rate, true);
  file.setUint32(28, 2 * count * rate, true);
  file.setUint16(32, 2 * count, true);
  file.setUint16(34, 16, true);
  words(36, "data");
  file.setUint32(40, bytes, true);
  channels.forEach((samples, channel) => {
    samples.forEach((sample, index) => {
      const whole = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(sample * FULL_SCALE)));
      file.setInt16(HEADER + 2 * (index * count + channel), whole, true);
    });
  });
  return new Uint8Array(file.buffer);
}
