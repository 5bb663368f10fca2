// Opens a data set from shard files on disk.
import type { ModelParts } from "../modalities/text.js";
import { type DataSet, openDataSet } from "./data-set.js";
import type { Disk } from "./disk.js";

/** @param paths all shards, in order */
export const loadDataSet = (disk: Disk, paths: readonly string[], parts: ModelParts, heldOut: number): DataSet =>
  openDataSet(
    paths.map((path) => ({ name: disk.paths.basename(path), bytes: disk.hold(path) })),
    parts,
    heldOut,
  );
