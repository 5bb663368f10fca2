// The folder that `mom compile` writes, completely or not at all, and that a compiled trainer reads.
import { jsonReader } from "../data/checked-json.js";
import { type DataGroups, type DataSet, oneSource, openDataSet, withShards } from "../data/data-set.js";
import type { Disk } from "../data/disk.js";
import { preparedGroups } from "../data/prepared-folder.js";
import { diagnosticOf } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import type { ModelParts } from "../modalities/text.js";
import { PROJECT_FILES } from "../targets/torch/project.js";
import { type CompiledModel, compiledFiles, readCompiled } from "../train/compiled.js";
import { diskFailure } from "../train/errors.js";
import { type NamedFile, writeWholeFolder } from "../train/whole-folder.js";

/** The entries that `--force` may overwrite: those of `mom compile`, and those that `npm install` and Python add. */
const OURS = [
  "spec.mom",
  "files",
  "plan.json",
  "kernels",
  "package.json",
  "README.md",
  "train.mjs",
  "data",
  "start.safetensors",
  "start-optimizer.safetensors",
  ...PROJECT_FILES,
];
const ADDED = ["node_modules", "package-lock.json", "__pycache__"];
/** The files of which every folder of `mom compile` has one: the plan of a compiled model, the model of a PyTorch project. */
const SIGNS = ["plan.json", "model.py"];

const failure = (title: string, message: string, help: string): Failure =>
  new Failure([diagnosticOf("folder-exists", message, { title, help })]);

export interface WriteOptions {
  /** Overwrites a folder that `mom compile` wrote, if it contains no other files. */
  readonly force?: boolean;
  readonly disk: Disk;
}

/**
 * Writes plan.json, kernels/ and `extras`.
 * @throws Failure if the folder exists or a write fails; the folder is then unchanged
 */
export function writeCompiled(
  folder: string,
  model: CompiledModel,
  extras: readonly NamedFile[],
  { force = false, disk }: WriteOptions,
): void {
  if (disk.exists(folder)) refuseExisting(folder, force, disk);
  const { basename, dirname, resolve } = disk.paths;
  const path = resolve(folder);
  try {
    writeWholeFolder(disk, dirname(path), basename(path), [...extras, ...compiledFiles(model)]);
  } catch (error) {
    throw diskFailure(error, folder, ", then compile again.");
  }
}

/** The same check of the folder, for a caller that wants it before the slow work. */
export function refuseExisting(folder: string, force: boolean, disk: Disk): void {
  if (!disk.exists(folder)) return;
  if (!force) {
    const message = `${folder} already exists.`;
    const help = "Name another folder with -o, or overwrite this one with --force.";
    throw failure("The output folder exists", message, help);
  }
  const names = listed(folder, disk);
  const foreign = names.filter((name) => !OURS.includes(name) && !ADDED.includes(name));
  if (foreign.length === 0 && (names.length === 0 || SIGNS.some((name) => names.includes(name)))) return;
  const what =
    foreign.length > 0
      ? `contains ${foreign.slice(0, 3).join(", ")}, so it is not only output`
      : `contains neither ${SIGNS.join(" nor ")}, so it is not output`;
  const message = `${folder} ${what} of \`mom compile\`, and --force does not overwrite it.`;
  throw failure("Other files in the output folder", message, "Name another folder with -o, or empty this one.");
}

function listed(folder: string, disk: Disk): string[] {
  try {
    return disk.list(folder);
  } catch {
    const message = `${folder} is a file.`;
    throw failure("The output folder is a file", message, "Name a folder with -o.");
  }
}

const readShards = jsonReader<string[]>({
  type: "array",
  minItems: 1,
  items: { type: "string", pattern: "^(?!\\.{1,2}$)[^/\\\\\\0]+$" },
});

/** The shards of the folder's data, by what they are for. @throws InputError if their list is missing or invalid */
export function shardPaths(folder: string, disk: Disk, parts: ModelParts): DataGroups<string> {
  const { join } = disk.paths;
  const data = join(folder, "data");
  // Folders of earlier versions have a list of shards.
  const path = join(data, "shards.json");
  if (!disk.exists(path)) return preparedGroups(disk, data, { name: data, parts });
  const shards = readShards(disk.read(path));
  if (!("wrong" in shards)) return oneSource(shards.value.map((name) => join(data, name)));
  throw new InputError(
    "bad-compiled-folder",
    `${path}: ${shards.wrong}.`,
    "Compile the spec again with `mom compile`.",
  );
}

/** @throws InputError if a file is missing or invalid */
export function openCompiled(folder: string, disk: Disk): CompiledModel {
  const model = readCompiled((name) => {
    const path = disk.paths.join(folder, name);
    return disk.exists(path) ? disk.read(path) : undefined;
  });
  const { spec, compiled } = model;
  if (spec.train.batch === compiled.batch && spec.data.length === compiled.length) return model;
  throw new InputError(
    "bad-compiled-folder",
    "plan.json is invalid: spec.train.batch and spec.data.length differ from the compiled values",
    "Compile the spec again with `mom compile`.",
  );
}

/** @param shards the paths of all shards */
export const loadDataSet = (
  disk: Disk,
  shards: DataGroups<string>,
  parts: ModelParts,
  heldOut: number | undefined,
): DataSet =>
  openDataSet(
    withShards(shards, (path) => ({ name: disk.paths.basename(path), bytes: disk.hold(path) })),
    parts,
    heldOut,
    disk.crc32,
  );
