// Reads the weights that `init: checkpoint(path)` names: a run, a checkpoint, a safetensors file, or several files with an
// index.

import type { Disk } from "../data/disk.js";
import { isJsonObject, LOOKED_AT } from "../data/foreign-file.js";
import { readSafetensors } from "../data/safetensors.js";
import type { StoredTensor } from "../data/tensor.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { InputError } from "../diagnostics/input-error.js";
import { isRecord, repeatedKey } from "../diagnostics/json-shape.js";
import type { InitFields } from "../front/spec.js";
import { folderWeights, runWeights } from "./checkpoint.js";
import { CHECKPOINT_FILES } from "./checkpoint-state.js";
import { PLAN_FILE } from "./compiled.js";
import { fromJson } from "./plan-text.js";
import { RUN_FILES, runAt } from "./run-folder.js";
import type { FoundWeights } from "./start.js";
import { checkAgainstSums } from "./sums.js";

/**
 * @param path the resolved `init.path`
 * @throws InputError or Failure if no complete weights are there
 */
export function readWeights(
  init: InitFields,
  path: string,
  disk: Disk,
): {
  readonly weights: FoundWeights;
  readonly warnings: readonly Diagnostic[];
  /** The folder of the checkpoint of `mom`, if it is one. */
  readonly checkpoint?: string;
} {
  const shown = init.path;
  if (!disk.exists(path)) {
    throw new InputError(
      "no-weights",
      `init: there is no ${shown}.`,
      "Use the folder of a run, one of its checkpoints (checkpoints/step-N), a safetensors file, or a folder with model.safetensors.index.json; paths are relative to the spec that names them.",
    );
  }
  if (!isFolder(disk, path)) {
    return {
      weights: named(init, { from: shown, tensors: tensorsAt(disk, path, shown), owners: undefined }),
      warnings: [],
    };
  }
  const { basename, dirname, join } = disk.paths;
  if (disk.exists(join(path, CHECKPOINT_FILES.weights))) {
    const { tensors } = folderWeights(path, disk);
    const run = basename(dirname(path)) === RUN_FILES.checkpoints ? dirname(dirname(path)) : undefined;
    const owners = run === undefined ? undefined : ownersIn(disk, run);
    return { weights: named(init, { from: shown, tensors, owners }), warnings: [], checkpoint: path };
  }
  const saved = savedIn(disk, path, shown);
  if (saved !== undefined) {
    const read = saved === SAVED_FILES.index ? shardedWeights : tensorsAt;
    const tensors = read(disk, join(path, saved), join(shown, saved));
    return { weights: named(init, { from: shown, tensors, owners: undefined }), warnings: [] };
  }
  const { weights, warnings } = runWeights(runAt(path, disk));
  const checkpoint = `${RUN_FILES.checkpoints}/step-${weights.step}`;
  const from = `${shown}/${checkpoint}`;
  const found = { from, tensors: weights.tensors, owners: ownersIn(disk, path) };
  return { weights: named(init, found), warnings, checkpoint: join(path, checkpoint) };
}

function isFolder(disk: Disk, path: string): boolean {
  try {
    disk.list(path);
    return true;
  } catch {
    return false;
  }
}

/** The tensors of a safetensors file, or of those that an index names. */
function tensorsAt(disk: Disk, path: string, shown: string): FoundWeights["tensors"] {
  const file = disk.open(path);
  checkAgainstSums(disk, path, shown);
  return isJsonObject(file.slice(0, LOOKED_AT))
    ? shardedWeights(disk, path, shown)
    : readSafetensors(file, shown).tensors;
}

/** The file to read in a folder saved by transformers; undefined for other folders. */
function savedIn(disk: Disk, path: string, shown: string): string | undefined {
  const { join } = disk.paths;
  const has = (name: string) => disk.exists(join(path, name));
  const { whole, index } = SAVED_FILES;
  if (has(whole) && has(index)) {
    throw new InputError(
      "no-weights",
      `init: ${shown} has both ${whole} and ${index}.`,
      `Use the path of one of them: ${join(shown, whole)}.`,
    );
  }
  return [whole, index, PICKLED].find(has);
}

/** The file of older versions of transformers, which is not supported. */
const PICKLED = "pytorch_model.bin";

/** The weights that begin with the prefix, without it. */
function named({ path, prefix = "" }: InitFields, weights: FoundWeights): FoundWeights {
  if (prefix === "") return weights;
  const tensors = new Map(
    [...weights.tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
  if (tensors.size > 0) return { ...weights, tensors };
  const [example = "none"] = weights.tensors.keys();
  throw new InputError(
    "other-weights",
    `init: no weight in ${path} begins with ${JSON.stringify(prefix)}; the first is ${example}.`,
    "Change `prefix` to what precedes the names there, or remove it.",
  );
}
const inside = (value: unknown, ...keys: readonly string[]) =>
  keys.reduce((at, key) => (isRecord(at) ? at[key] : undefined), value);

/** Which modalities own which copy in a run, from its plan; undefined without a plan. */
function ownersIn(disk: Disk, run: string): FoundWeights["owners"] {
  const path = disk.paths.join(run, PLAN_FILE);
  if (!disk.exists(path)) return undefined;
  let plan: unknown;
  try {
    plan = fromJson(new TextDecoder().decode(disk.read(path)));
  } catch {
    return undefined;
  }
  const declared = inside(plan, "spec", "model", "modalities");
  const parameters = inside(plan, "compiled", "parameters");
  if (!Array.isArray(declared) || !Array.isArray(parameters)) return undefined;
  const modalities = declared.map((one) => inside(one, "name"));
  const of = new Map<string, readonly number[]>();
  for (const parameter of parameters) {
    const [name, groups] = [inside(parameter, "name"), inside(parameter, "source", "of")];
    const valid = Array.isArray(groups) && groups.length === modalities.length && groups.every(Number.isSafeInteger);
    if (typeof name === "string" && valid) of.set(name, groups);
  }
  return modalities.every((name) => typeof name === "string") ? { modalities, of } : undefined;
}

/** File names in a folder saved by transformers: one file, or the index of several. */
const SAVED_FILES = { whole: "model.safetensors", index: "model.safetensors.index.json" } as const;

/** An index of 100 MB names about a million tensors. */
const INDEX_LIMIT = 100_000_000;

const DAMAGED = "Download the index again, or save the weights again.";

/** Whether a name is that of a file beside the index: no separator, no drive, no folder. */
const isPlainName = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/[/\\:\0]|^\.\.?$/.test(value);

/** The names of tensors by file. */
function shardsIn(disk: Disk, path: string, shown: string): Map<string, Set<string>> {
  const wrong = (what: string) => new InputError("bad-tensors", `${shown}: ${what}`, DAMAGED);
  const bytes = disk.open(path);
  if (bytes.length > INDEX_LIMIT) throw wrong(`the index has ${bytes.length} bytes; the limit is ${INDEX_LIMIT}`);
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
 * The tensors that an index lists, each from its file. Other tensors of those files are ignored.
 * @param shown the index's name in errors
 * @throws InputError if the index or a file is invalid or missing
 */
function shardedWeights(disk: Disk, path: string, shown: string): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const { dirname, join } = disk.paths;
  const folder = dirname(path);
  for (const [file, names] of shardsIn(disk, path, shown)) {
    const shard = join(dirname(shown), file);
    if (!disk.exists(join(folder, file)))
      throw new InputError(
        "bad-tensors",
        `${shown} names the file ${file}, but ${shard} is missing.`,
        "Add that file.",
      );
    checkAgainstSums(disk, join(folder, file), shard);
    const found = readSafetensors(disk.open(join(folder, file)), shard, (name) => names.has(name)).tensors;
    for (const name of names) {
      const tensor = found.get(name);
      if (tensor === undefined)
        throw new InputError(
          "bad-tensors",
          `${shown} lists the tensor "${name}" in ${shard}, but it is missing there.`,
          "Download both again: they belong to different versions.",
        );
      tensors.set(name, tensor);
    }
  }
  return tensors;
}
