// The Gaussian noise of the diffusion loss, number by number, as the kernels draw it too.
import { philox } from "./stream.js";

const unit = (word: number): number => (word >>> 8) / 0x100_0000;

/**
 * The normal number at (row, column) of a noise stream in one draw: Philox of the key at the counter
 * (row, column / 4, stream, draw) gives two pairs of 24-bit uniforms, each pair two normals by Box–Muller.
 */
export function noiseAt(
  key: readonly [number, number],
  row: number,
  column: number,
  noiseStream: number,
  draw: number,
): number {
  const words = philox(key, [row, Math.floor(column / 4), noiseStream, draw]);
  const pair = column % 4 < 2 ? 0 : 2;
  const radius = Math.sqrt(-2 * Math.log(unit(words[pair] as number) + 2 ** -25));
  const angle = 2 * Math.PI * unit(words[pair + 1] as number);
  return radius * (column % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}
