// The initial weights of a run: those that the spec's `init` names, or those that a compiled folder contains.
import type { Compiled } from "../compile.js";
import type { Disk } from "../data/disk.js";
import { locate, Outside, type Reach } from "../data/reach.js";
import { writeSafetensors } from "../data/safetensors.js";
import { allowHelp } from "../diagnostics/allow.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec, InitFields } from "../front/spec.js";
import { type StartRecord, startRecord } from "../report/start-text.js";
import { RUN_FILES } from "../train/run-folder.js";
import { type Start, startFrom } from "../train/start.js";
import { readWeights } from "../train/start-source.js";

export interface Started {
  readonly tensors: Start["tensors"];
  readonly record: StartRecord;
  readonly warnings: readonly Diagnostic[];
}

/** The file of initial weights in a compiled folder. */
export const START_FILE = "start.safetensors";

function start(
  spec: CheckedSpec,
  compiled: Pick<Compiled, "parameters">,
  init: InitFields,
  path: string,
  disk: Disk,
): Started {
  const { weights, warnings } = readWeights(init, path, disk);
  const names = spec.model.modalities.map(({ name }) => name);
  const made = startFrom(weights, compiled, names, spec.train.seed);
  return { tensors: made.tensors, record: startRecord(weights.from, made, compiled, disk), warnings };
}

/**
 * Returns a function that finds the weights of the spec's `init`; undefined if the weights are random.
 * @param where the folder that paths in the spec are relative to, and the files that may be read
 */
export function starting(
  spec: CheckedSpec,
  compiled: Pick<Compiled, "parameters">,
  where: { readonly folder: string; readonly reach: Reach },
): (() => Started) | undefined {
  const { init } = spec.train;
  if (init === undefined) return undefined;
  return () => {
    const path = where.reach.disk.paths.resolve(where.folder, init.path);
    try {
      return start(spec, compiled, init, path, diskWithin(where.reach));
    } catch (error) {
      if (!(error instanceof Outside)) throw error;
      throw new InputError(
        "file-outside",
        `init: ${init.path} is outside the project's folder.`,
        allowHelp(runOf(path, where.reach) ?? error.folder),
      );
    }
  };
}

/** The same for a folder that `mom compile` wrote. */
export function carried(
  spec: CheckedSpec,
  compiled: Pick<Compiled, "parameters">,
  folder: string,
  disk: Disk,
): (() => Started) | undefined {
  if (spec.train.init === undefined) return undefined;
  const path = disk.paths.join(folder, START_FILE);
  return () => start(spec, compiled, { kind: "checkpoint", path: START_FILE }, path, disk);
}

export const startBytes = ({ tensors, record }: Started): Uint8Array =>
  writeSafetensors(tensors, { from: record.from });

/** The disk, limited to the files that may be read, also through links. */
function diskWithin(reach: Reach): Disk {
  const { disk } = reach;
  const within = (path: string): string => {
    const located = locate(path, reach);
    if (located.kind === "outside") throw new Outside(located.folder);
    return path;
  };
  return {
    ...disk,
    exists: (path) => disk.exists(within(path)),
    list: (path) => disk.list(within(path)),
    read: (path) => disk.read(within(path)),
    open: (path) => disk.open(within(path)),
  };
}

/** The run of a checkpoint. Its plan states which modality owns which weights, so it must be readable. */
function runOf(path: string, reach: Reach): string | undefined {
  const { basename, dirname } = reach.disk.paths;
  const checkpoints = dirname(path);
  if (basename(checkpoints) !== RUN_FILES.checkpoints) return undefined;
  const located = locate(dirname(checkpoints), reach);
  return located.kind === "outside" ? located.folder : undefined;
}
