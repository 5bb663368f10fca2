// The folder that `mom compile` makes, on the disk: written whole or not at all, read back for a run.
import { jsonReader } from "../data/checked-json.js";
import { type DataSet, openDataSet } from "../data/data-set.js";
import type { Disk } from "../data/disk.js";
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import type { ModelParts } from "../modalities/text.js";
import { type CompiledModel, compiledFiles, readCompiled } from "../train/compiled.js";
import { diskFailure } from "../train/mistakes.js";
import { type NamedFile, writeWholeFolder } from "../train/whole-folder.js";

/** What may stand in a folder that is written anew: what `mom compile` makes, and what `npm install` adds to it. */
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
];
const INSTALLED = ["node_modules", "package-lock.json"];

const failure = (title: string, message: string, help: string): Failure =>
  new Failure([mistake("folder-exists", message, { title, help })]);

export interface WriteOptions {
  /** Writes a folder anew that `mom compile` has made and nobody has added to. */
  readonly force?: boolean;
  readonly disk: Disk;
}

/**
 * Writes plan.json and kernels/, and `extras` beside them.
 * @throws Failure where the folder exists or the disk refuses; the folder is then as it was
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

/** Says so early: worth asking before what will be written is computed. */
export function refuseExisting(folder: string, force: boolean, disk: Disk): void {
  if (!disk.exists(folder)) return;
  if (!force) {
    const message = `${folder} exists, and what is in it may be wanted.`;
    const help = "Name another folder with -o, or write this one anew with --force.";
    throw failure("The output folder exists", message, help);
  }
  const foreign = listed(folder, disk).filter((name) => !OURS.includes(name) && !INSTALLED.includes(name));
  if (foreign.length === 0 && (disk.exists(disk.paths.join(folder, "plan.json")) || listed(folder, disk).length === 0))
    return;
  const what = foreign.length > 0 ? `holds ${foreign.slice(0, 3).join(", ")}` : "holds no plan.json";
  const message = `${folder} ${what}: not only what \`mom compile\` has made, so --force would lose it.`;
  throw failure("The output folder holds more", message, "Name another folder with -o, or empty this one.");
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

/** The shards of the folder's data, in order. @throws InputError where the list of them is missing or malformed */
export function shardPaths(folder: string, disk: Disk): string[] {
  const { join } = disk.paths;
  const path = join(folder, "data", "shards.json");
  const shards = disk.exists(path) ? readShards(disk.read(path)) : { wrong: "there is no such file" };
  if (!("wrong" in shards)) return shards.value.map((name) => join(folder, "data", name));
  throw new InputError(
    "bad-compiled-folder",
    `${path}: ${shards.wrong}.`,
    "Compile the spec again with `mom compile`.",
  );
}

/** @throws InputError where a file is missing or malformed */
export function openCompiled(folder: string, disk: Disk): CompiledModel {
  const model = readCompiled((name) => {
    const path = disk.paths.join(folder, name);
    return disk.exists(path) ? disk.read(path) : undefined;
  });
  const { spec, compiled } = model;
  if (spec.train.batch === compiled.batch && spec.data.length === compiled.length) return model;
  throw new InputError(
    "bad-compiled-folder",
    "plan.json is malformed: spec.train.batch and spec.data.length are not what was compiled",
    "Compile the spec again with `mom compile`.",
  );
}

/** @param paths all shards, in order */
export const loadDataSet = (disk: Disk, paths: readonly string[], parts: ModelParts, heldOut: number): DataSet =>
  openDataSet(
    paths.map((path) => ({ name: disk.paths.basename(path), bytes: disk.hold(path) })),
    parts,
    heldOut,
  );
