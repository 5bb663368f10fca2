// From a spec that is right to a folder that trains it wherever Node is: kernels, data, weights and a trainer.
import { compile } from "../compile.js";
import type { DataHost } from "../data/host.js";
import { prepare } from "../data/prepare.js";
import type { Reach } from "../data/reach.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import type { NamedFile } from "../train/whole-folder.js";
import { refusingTooLarge, trainingOptions } from "./compile-options.js";
import { refuseExisting, writeCompiled } from "./compiled-folder.js";

import { keptSpec } from "./kept-spec.js";
import { START_FILE, type Started, startBytes, starting } from "./start.js";

export interface FolderToMake {
  readonly spec: CheckedSpec;
  /** The spec as resolved. */
  readonly json: Json;
  /** Paths in it are relative to this folder. */
  readonly folder: string;
  readonly reach: Reach;
  readonly out: string;
  /** The name of a profile. */
  readonly device: string;
  /** Write a folder anew that was made so before. */
  readonly force: boolean;
  /** Leave out documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  /** The trainer, and what belongs to its package. */
  readonly program: readonly NamedFile[];
  /** Gets what takes a while, or is left out: lines for people. */
  readonly notice: (line: string) => void;
}

export interface MadeFolder {
  readonly kernels: number;
  /** What the weights start from; undefined where they are drawn. */
  readonly started: Started | undefined;
}

/** @throws Failure where the folder exists, the spec is too large for the device, or the disk refuses; InputError for data */
export async function compileToFolder(host: DataHost, wanted: FolderToMake): Promise<MadeFolder> {
  const { spec, json, folder, reach, out, device, force, skipBad, notice } = wanted;
  const { disk } = host;
  const { basename } = disk.paths;
  refuseExisting(out, force, disk);
  const options = trainingOptions(spec, device);
  const { stages: _, ...compiled } = refusingTooLarge(spec, options, () => compile(spec, options));
  const started = starting(spec, compiled, { folder, reach })?.();
  const { files } = await prepare(spec.data, spec.model, { host, folder, reach, skipBad, notice });
  const kept = keptSpec(json, folder, out, reach);
  const text = (name: string, contents: string): NamedFile => ({ name, bytes: new TextEncoder().encode(contents) });
  const extras = [
    text("spec.mom", kept.text),
    ...kept.files(),
    ...wanted.program,
    text("data/shards.json", `${JSON.stringify(files.map((path) => basename(path)))}\n`),
    ...files.map((path) => ({ name: `data/${basename(path)}`, bytes: disk.read(path) })),
    ...(started ? [{ name: START_FILE, bytes: startBytes(started) }] : []),
  ];
  writeCompiled(out, { spec, profile: options.profile, compiled }, extras, { force, disk });
  return { kernels: compiled.plan.kernels.length, started };
}
