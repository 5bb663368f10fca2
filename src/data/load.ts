// Opens a data set from shard files on disk.
import { basename } from "node:path";
import type { ModelParts } from "../modalities/text.js";
import { type DataSet, openDataSet } from "./data-set.js";
import { fileBytes } from "./file-bytes.js";

/** @param paths all shards, in order */
export const loadDataSet = (paths: readonly string[], parts: ModelParts, heldOut: number): DataSet =>
  openDataSet(
    paths.map((path) => ({ name: basename(path), bytes: fileBytes(path) })),
    parts,
    heldOut,
  );
