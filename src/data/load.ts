// Opens a data set from shard files on disk.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { ModelParts } from "../modalities/text.js";
import { type DataSet, openDataSet } from "./data-set.js";

/** @param paths all shards, in order */
export const loadDataSet = (paths: readonly string[], parts: ModelParts, heldOut: number): DataSet =>
  openDataSet(
    paths.map((path) => ({ name: basename(path), bytes: readFileSync(path) })),
    parts,
    heldOut,
  );
