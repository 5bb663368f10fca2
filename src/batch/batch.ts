// What training reads: sequences of positions, each with a modality.
import type { ItemKey } from "../random/noise.js";

/** One batch of B sequences of L positions; arrays are row-major, [B, L]. */
export interface Batch {
  readonly batch: number;
  readonly length: number;
  /** Ids of the one vocabulary; 0 at items of numbers; the padding id at padding. */
  readonly tokens: Int32Array;
  /** Modality index of each position; padding and markers have the markers' owner. */
  readonly modality: Uint8Array;
  /** Number of the document within its sequence, from 0; −1 at padding. */
  readonly document: Int32Array;
  /** Items of numbers in the order of their positions. */
  readonly items: readonly Item[];
  /** Where the sequences are cut out of longer streams: how each hangs together with those before and after it. */
  readonly cuts?: readonly Cut[];
}

export interface Cut {
  /** Whether its first document began in the sequence before. */
  readonly continues: boolean;
  /** Whether its last document goes on in the next; padding after that one stands within it then. */
  readonly goesOn: boolean;
  /** What follows in the last document, where that is a token. */
  readonly following: { readonly token: number; readonly modality: number } | undefined;
}

/** An item of a modality of numbers. It stands at consecutive positions of one sequence. */
export interface Item {
  readonly modality: number;
  /** Index of its first position in [0, B·L). */
  readonly position: number;
  /** The item's number in its data set: stable, the same wherever it stands. */
  readonly id: number;
  /** What its time and its noise are drawn by. */
  readonly key: ItemKey;
  /** Its clean numbers, [positions, columns]. */
  readonly values: Float32Array;
}
