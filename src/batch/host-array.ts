// The arrays of a batch that a program reads, each with its meaning.
import { labelOf, type Meaning } from "../ir/meaning.js";

export type HostArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>;
export type HostField = readonly [means: Meaning, array: HostArray];

/** By the labels of their meanings. */
export type HostBatch = ReadonlyMap<string, HostArray>;

export const batchOf = (fields: readonly HostField[]): HostBatch =>
  new Map(fields.map(([means, array]) => [labelOf(means), array]));
