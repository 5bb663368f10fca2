// Compiles a checked spec to a folder that trains wherever Node runs: kernels, data, weights and a trainer.
import { compile } from "../compile.js";
import { withShards } from "../data/data-set.js";
import type { DataHost } from "../data/host.js";
import { prepare } from "../data/prepare.js";
import { manifestBytes } from "../data/prepared-folder.js";
import type { Reach } from "../data/reach.js";
import { PREPARED_FILE } from "../data/sources/source.fields.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec, Json } from "../front/spec.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { NamedFile } from "../train/whole-folder.js";
import { refusingTooLarge, trainingOptions } from "./compile-options.js";
import { refuseExisting, writeCompiled } from "./compiled-folder.js";

import { keptSpec } from "./kept-spec.js";
import { optimizerBytes, START_FILE, START_OPTIMIZER, type Started, startBytes, starting } from "./start.js";

export interface FolderToMake {
  readonly spec: CheckedSpec;
  /** The resolved spec. */
  readonly json: Json;
  /** Paths in the spec are relative to this folder. */
  readonly folder: string;
  readonly reach: Reach;
  readonly out: string;
  /** The name of a profile. */
  readonly device: string;
  /** Overwrite a folder that was compiled before. */
  readonly force: boolean;
  /** Skip documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  /** The trainer and the files of its package. */
  readonly program: readonly NamedFile[];
  /** Receives status lines: slow operations and skipped documents. */
  readonly notice: (line: string) => void;
}

export interface MadeFolder {
  readonly kernels: number;
  /** The initial weights; undefined if they are random. */
  readonly started: Started | undefined;
}

/** A compiled folder runs without the packages that decode pictures. @throws InputError if training decodes some */
function refuseLive({ model }: CheckedSpec): void {
  const live = model.modalities.find((modality) => itemOf(modality)?.live !== undefined);
  if (live !== undefined)
    throw new InputError(
      "bad-option",
      `the pictures of \`${live.name}\` are decoded live, which a compiled folder cannot do`,
      "Set `decode: ahead`, or train with `mom train`.",
    );
}

/** @throws Failure if the folder exists, the spec is too large for the device, or a write fails; InputError for invalid data */
export async function compileToFolder(host: DataHost, wanted: FolderToMake): Promise<MadeFolder> {
  const { spec, json, folder, reach, out, device, force, skipBad, notice } = wanted;
  const { disk } = host;
  const { basename } = disk.paths;
  refuseExisting(out, force, disk);
  refuseLive(spec);
  const options = trainingOptions(spec, device);
  const { stages: _, ...compiled } = refusingTooLarge(spec, options, () => compile(spec, options));
  const started = starting(spec, compiled, { folder, reach })?.();
  const { groups, files, codecs } = await prepare(spec.data, spec.model, { host, folder, reach, skipBad, notice });
  const kept = keptSpec(json, folder, out, reach);
  const text = (name: string, contents: string): NamedFile => ({ name, bytes: new TextEncoder().encode(contents) });
  const extras = [
    text("spec.mom", kept.text),
    ...kept.files(),
    ...wanted.program,
    { name: `data/${PREPARED_FILE}`, bytes: manifestBytes(withShards(groups, basename), spec.model, codecs) },
    ...files.map((path) => ({ name: `data/${basename(path)}`, bytes: disk.read(path) })),
    ...(started ? [{ name: START_FILE, bytes: startBytes(started) }] : []),
    ...(started?.optimizer ? [{ name: START_OPTIMIZER, bytes: optimizerBytes(started.optimizer) }] : []),
  ];
  writeCompiled(out, { spec, profile: options.profile, compiled }, extras, { force, disk });
  return { kernels: compiled.plan.kernels.length, started };
}
