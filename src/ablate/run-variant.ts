// Trains one variant in its folder, from its beginning or its last checkpoint.
import { type Compiled, type CompileOptions, planned, programsOf, type StageOutput, trainingOn } from "../compile.js";
import type { DataSet } from "../data/data-set.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { CheckedSpec } from "../front/spec.js";
import { choicesOf } from "../gpu/choose.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { Pipelines } from "../gpu/pipelines.js";
import { choicesText, recordedChoices } from "../train/choices.js";
import { planText } from "../train/compiled.js";
import { diverged } from "../train/diverged.js";
import { folderInUse } from "../train/mistakes.js";
import { openModel, type Tensors } from "../train/model.js";
import { resumeRun, trainRecorded, type Watcher } from "../train/recorded.js";
import { closeRun, createRun, dataText, openRun, pathIn, type Run, type RunContents } from "../train/run-folder.js";
import { lockedBy } from "../train/run-lock.js";
import { checkTeaches } from "../train/teaching.js";
import type { NamedFile } from "../train/whole-folder.js";
import { type AblationFolder, dropWeights, runOf, writeEnding } from "./folder.js";

export interface VariantRequest {
  readonly id: string;
  readonly spec: CheckedSpec;
  /** The spec, resolved, as text; its paths are right in the run's folder. */
  readonly text: string;
  /** Reads the tokenizers and codebooks that go with it. */
  readonly files: () => readonly NamedFile[];
  /** The file that the ablation's spec was read from. */
  readonly specFile: string;
  readonly keepWeights: boolean;
}

/** What variants that one process trains share. */
export interface Trainer {
  readonly device: OpenDevice;
  readonly pipelines: Pipelines;
  readonly dataSet: DataSet;
  /** Weights that it starts from; undefined where they are drawn. */
  readonly start: (compiled: Compiled) => Tensors | undefined;
  /** Told what is wrong with a variant that goes on all the same. */
  readonly warned: (warnings: readonly Diagnostic[]) => void;
  /** The kernels of a variant that is begun; one that goes on has its own. */
  readonly choices: (
    spec: CheckedSpec,
    options: CompileOptions,
    stages: readonly StageOutput[],
  ) => Promise<CompileOptions["choices"]>;
}

/**
 * @throws whatever training throws: the variant has then failed, and its folder is left to be gone on with
 * @returns whether it was trained to its end, or stopped and saved
 */
export async function runVariant(
  folder: AblationFolder,
  request: VariantRequest,
  trainer: Trainer,
  watcher: Watcher,
): Promise<"done" | "stopped"> {
  const { id, spec, text } = request;
  const { device, dataSet } = trainer;
  checkTeaches(spec, dataSet);
  const { profile } = device;
  const options = trainingOn(spec, profile);
  const stages = programsOf(spec, options);
  const choices = isBegun(runOf(folder, id))
    ? recordedChoices(runOf(folder, id))
    : await trainer.choices(spec, options, stages);
  const compiled = planned(stages, { ...options, choices });
  const taken = choicesOf(compiled.plan, profile);
  const { run, begun } = take(folder, request, () => ({
    plan: planText({ spec, profile, compiled }),
    choices: choicesText(taken, device.description),
    data: dataText(dataSet.fingerprint, dataSet.documents.length),
  }));
  try {
    writeEnding(folder, id, undefined);
    const { checkpoint, warnings } = begun
      ? resumeRun(run, { specText: text, dataSet, choices: taken })
      : { checkpoint: undefined, warnings: [] };
    if (warnings.length > 0) trainer.warned(warnings);
    const model = await openModel(device, compiled, trainer.pipelines);
    try {
      const start = checkpoint ? undefined : trainer.start(compiled);
      const outcome = await trainRecorded(run, { model, spec, dataSet }, watcher, { checkpoint, start });
      if (outcome.kind === "diverged") throw diverged(outcome, run, spec.data.carry);
      if (outcome.kind === "stopped") return "stopped";
    } finally {
      model.runtime.destroy();
    }
    writeEnding(folder, id, { state: "done", device: device.description });
    if (!request.keepWeights) dropWeights(folder, id);
    return "done";
  } finally {
    closeRun(run);
  }
}

const isBegun = (run: Run): boolean => run.disk.exists(pathIn(run, "spec"));

/** The variant's run, held by this process; whether it was begun before. What was killed while it was made is made anew. */
function take(
  folder: AblationFolder,
  request: VariantRequest,
  made: () => Pick<RunContents, "plan" | "choices" | "data">,
): { run: Run; begun: boolean } {
  const run = runOf(folder, request.id);
  const { disk, path } = run;
  if (isBegun(run)) return { run: openRun(path, disk), begun: true };
  if (disk.exists(path)) {
    const pid = lockedBy(disk, pathIn(run, "lock"));
    if (pid !== undefined && pid !== disk.processes.own) throw folderInUse(path, pid);
    disk.remove(path);
  }
  const contents = { spec: request.text, ...made(), files: request.files(), file: request.specFile };
  return { run: createRun(path, contents, disk), begun: false };
}
