// The Gaussian noise of the diffusion loss, one number at a time, as in the kernels.
import { philox } from "./stream.js";

const unit = (word: number): number => (word >>> 8) / 0x100_0000;

/** The item that a draw belongs to. It does not depend on the item's position in a batch. */
export interface ItemKey {
  /** The document's number in its data set. */
  readonly document: number;
  /** The epoch of the document; 0 in an evaluation. */
  readonly epoch: number;
  /** Index of the item's segment in the document as written. */
  readonly item: number;
}

/**
 * The normal number in a column of an item's patch: Philox of the key at the counter (b, item, document, epoch), where b
 * numbers the item's blocks of four columns patch by patch, gives two pairs of 24-bit uniforms, each pair two normals by
 * Box–Muller.
 * @param columns numbers of a patch
 */
export function noiseAt(
  key: readonly [number, number],
  { document, epoch, item }: ItemKey,
  patch: number,
  column: number,
  columns: number,
): number {
  const block = patch * Math.ceil(columns / 4) + Math.floor(column / 4);
  const words = philox(key, [block, item, document, epoch]);
  const pair = column % 4 < 2 ? 0 : 2;
  const radius = Math.sqrt(-2 * Math.log(unit(words[pair] as number) + 2 ** -25));
  const angle = 2 * Math.PI * unit(words[pair + 1] as number);
  return radius * (column % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
}
