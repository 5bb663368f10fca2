// A training batch: sequences of positions, each with a modality. It is packed first, which reads no picture, and then
// filled with the values of its items.
import type { ItemKey } from "../random/noise.js";

/** B sequences of L positions; arrays are row-major, [B, L]. */
export interface Packed {
  readonly batch: number;
  readonly length: number;
  /** Ids of the one vocabulary; 0 at items of numbers; the padding id at padding. */
  readonly tokens: Int32Array;
  /** Modality index of each position; padding and markers have the markers' owner. */
  readonly modality: Uint8Array;
  /** Number of the document within its sequence, from 0; −1 at padding. */
  readonly document: Int32Array;
  /** 0 at positions that are only read, without a loss; absent if all count. */
  readonly counted?: Uint8Array;
  /** Items of numbers, in order of position. */
  readonly items: readonly PackedItem[];
  /** If sequences are cut from longer streams: how each connects to the previous and the next one. */
  readonly cuts?: readonly Cut[];
}

/** A packed batch with the values of its items. */
export interface Batch extends Packed {
  readonly items: readonly Item[];
}

export interface Cut {
  /** Whether its first document started in the previous sequence. */
  readonly continues: boolean;
  /** Whether its last document continues in the next sequence; padding after it then belongs to it. */
  readonly goesOn: boolean;
  /** The next token of the last document, if a token follows. */
  readonly following: { readonly token: number; readonly modality: number } | undefined;
}

/** An item of a modality of numbers. It takes consecutive positions of one sequence. */
export interface PackedItem {
  readonly modality: number;
  /** Index of its first position in [0, B·L). */
  readonly position: number;
  /** The item's number in its data set: stable and independent of its position. */
  readonly id: number;
  /** False if it is only read: fed without noise, and without a loss. */
  readonly counted?: false;
  /** The key for drawing its time and noise. */
  readonly key: ItemKey;
}

export interface Item extends PackedItem {
  /** Its values without noise, [positions, columns]. */
  readonly values: Float32Array;
}
