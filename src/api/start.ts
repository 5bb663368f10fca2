// The initial weights of a run: those that the spec's `init` names, or those that a compiled folder contains.
import type { Compiled } from "../compile.js";
import type { Disk } from "../data/disk.js";
import { locate, Outside, type Reach } from "../data/reach.js";
import { type Bytes, readOwnSafetensors, writeSafetensors } from "../data/safetensors.js";
import { allowHelp } from "../diagnostics/allow.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec, InitFields } from "../front/spec.js";
import { slotsOf } from "../ir/memory.js";
import type { Plan } from "../ir/plan.js";
import { type StartRecord, startRecord } from "../report/start-text.js";
import { folderOptimizer } from "../train/checkpoint.js";
import { bySlot, checkSlots, joinedSlots, type StartedOptimizer } from "../train/optimizer-state.js";
import { RUN_FILES } from "../train/run-folder.js";
import { type StartValues, startFrom, startOptimizer } from "../train/start.js";
import { readWeights } from "../train/start-source.js";

export interface Started extends StartValues {
  readonly record: StartRecord;
  readonly warnings: readonly Diagnostic[];
}

/** The file of initial weights in a compiled folder. */
export const START_FILE = "start.safetensors";
/** The file of the optimizer's initial state there, if it is taken, too. */
export const START_OPTIMIZER = "start-optimizer.safetensors";

/** A model to start: its parameters, and its plan's buffers, which name the optimizer's state. */
type StartedModel = Pick<Compiled, "parameters"> & { readonly plan: Pick<Plan, "buffers"> };

function start(spec: CheckedSpec, compiled: StartedModel, init: InitFields, path: string, disk: Disk): Started {
  const { weights, warnings, checkpoint } = readWeights(init, path, disk);
  const names = spec.model.modalities.map(({ name }) => name);
  const made = startFrom(weights, compiled, names, spec.train.seed);
  const optimizer = init.optimizer ? startOptimizer(weights.from, made, stateIn(checkpoint, init, disk)) : undefined;
  if (optimizer) checkSlots(weights.from, optimizer, slotsOf(compiled.plan));
  const record = startRecord(weights.from, made, compiled, disk, optimizer?.updates);
  return { tensors: made.tensors, record, warnings, optimizer };
}

function stateIn(checkpoint: string | undefined, { path, prefix }: InitFields, disk: Disk): StartedOptimizer {
  if (checkpoint !== undefined && prefix === undefined) return folderOptimizer(checkpoint, disk);
  throw new InputError(
    "no-weights",
    `init: ${path} has no optimizer state that fits its weights.`,
    "`optimizer: true` needs the folder of a run or of one of its checkpoints, without a `prefix`.",
  );
}

/**
 * Returns a function that finds the weights of the spec's `init`; undefined if the weights are random.
 * @param where the folder that paths in the spec are relative to, and the files that may be read
 */
export function starting(
  spec: CheckedSpec,
  compiled: StartedModel,
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
  compiled: Pick<Compiled, "parameters" | "plan">,
  folder: string,
  disk: Disk,
): (() => Started) | undefined {
  if (spec.train.init === undefined) return undefined;
  const path = disk.paths.join(folder, START_FILE);
  const state = disk.paths.join(folder, START_OPTIMIZER);
  return () => ({
    ...start(spec, compiled, { kind: "checkpoint", path: START_FILE }, path, disk),
    optimizer: disk.exists(state) ? optimizerFrom(disk.open(state)) : undefined,
  });
}

const UPDATES = "updates";

/** The optimizer's state as a file. */
export const optimizerBytes = ({ state, updates }: StartedOptimizer): Uint8Array =>
  writeSafetensors(joinedSlots(state), { [UPDATES]: String(updates) });

function optimizerFrom(bytes: Bytes): StartedOptimizer {
  const { tensors, metadata } = readOwnSafetensors(bytes, START_OPTIMIZER);
  return { state: bySlot(tensors), updates: Number(metadata[UPDATES]) };
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
