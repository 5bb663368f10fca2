// Weights in several safetensors files, as Hugging Face's libraries save them: an index says which file has which tensor.

import type { Disk } from "../data/disk.js";
import { readSafetensors } from "../data/safetensors.js";
import type { StoredTensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import { repeatedKey } from "../diagnostics/json-shape.js";
import { checkAgainstSums } from "./sums.js";

/** Names in a folder as transformers saves it: all in one file, or the index of several. */
export const SAVED_FILES = { whole: "model.safetensors", index: "model.safetensors.index.json" } as const;

/** An index of 100 MB names about a million tensors. */
const INDEX_LIMIT = 100_000_000;

const DAMAGED = "Download the index again, or save the weights again.";

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A file beside the index, and nothing else: no separator, no drive, no folder. */
const isPlainName = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/[/\\:\0]|^\.\.?$/.test(value);

/** The names of tensors by the file that has them. */
function shardsIn(disk: Disk, path: string, shown: string): Map<string, Set<string>> {
  const wrong = (what: string): InputError => new InputError("bad-tensors", `${shown}: ${what}`, DAMAGED);
  const bytes = disk.open(path);
  if (bytes.length > INDEX_LIMIT)
    throw wrong(`an index has at most ${INDEX_LIMIT} bytes, and this has ${bytes.length}`);
  let text: string;
  let index: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.slice(0, bytes.length));
    index = JSON.parse(text);
  } catch {
    throw wrong("the index is not JSON in UTF-8");
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw wrong(`the index names "${repeated}" twice`);
  const map = isRecord(index) ? index.weight_map : undefined;
  if (!isRecord(map)) throw wrong("the index has no `weight_map` of tensors to files");
  const shards = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(map)) {
    if (!isPlainName(file)) throw wrong(`weight_map: "${name}" is not in a file beside the index`);
    shards.set(file, (shards.get(file) ?? new Set()).add(name));
  }
  if (shards.size === 0) throw wrong("weight_map is empty");
  return shards;
}

/**
 * The tensors that an index names, each from the file that it names. Other tensors of those files are left out.
 * @param shown the index as the user knows it
 * @throws InputError where the index or a file is wrong or missing
 */
export function shardedWeights(disk: Disk, path: string, shown: string): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const { dirname, join } = disk.paths;
  const folder = dirname(path);
  for (const [file, names] of shardsIn(disk, path, shown)) {
    const shard = join(dirname(shown), file);
    if (!disk.exists(join(folder, file)))
      throw new InputError(
        "bad-tensors",
        `${shown} names the file ${file}, and there is no ${shard}.`,
        "Put that file there.",
      );
    checkAgainstSums(disk, join(folder, file), shard);
    const found = readSafetensors(disk.open(join(folder, file)), shard, (name) => names.has(name)).tensors;
    for (const name of names) {
      const tensor = found.get(name);
      if (tensor === undefined)
        throw new InputError(
          "bad-tensors",
          `${shown} says that ${shard} has the tensor "${name}", and it has none.`,
          "Download both again: they belong to different versions.",
        );
      tensors.set(name, tensor);
    }
  }
  return tensors;
}
