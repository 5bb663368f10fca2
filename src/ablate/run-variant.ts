// Trains one variant in its folder, from the start or from its last checkpoint.
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
import { startHeartbeat } from "../train/heartbeat.js";
import { openModel } from "../train/model.js";
import { resumeRun, trainRecorded, type Watcher } from "../train/recorded.js";
import { writeEventHead } from "../train/recorder.js";
import { closeRun, dataText, pathIn } from "../train/run-folder.js";
import { recordSession } from "../train/sessions.js";
import type { StartValues } from "../train/start.js";
import { checkMonitored, checkTeaches } from "../train/teaching.js";
import { type AblationFolder, dropWeights, runOf, writeEnding } from "./folder.js";
import { isBegun, takeRun, type VariantRequest } from "./take-run.js";

/** What all variants of a process share. */
export interface Trainer {
  readonly device: OpenDevice;
  readonly pipelines: Pipelines;
  readonly dataSet: DataSet;
  /** Initial weights; undefined if they are random. */
  readonly start: (compiled: Compiled) => StartValues | undefined;
  /** Called with warnings about a variant that continues. */
  readonly warned: (warnings: readonly Diagnostic[]) => void;
  /** The kernels of a new variant; a resumed one has its own. */
  readonly choices: (
    spec: CheckedSpec,
    options: CompileOptions,
    stages: readonly StageOutput[],
  ) => Promise<CompileOptions["choices"]>;
}

/**
 * @throws any error of training; the variant has then failed, and its folder can be resumed
 * @returns whether it was trained to the end, or stopped and saved
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
  checkMonitored(spec, dataSet);
  const { profile } = device;
  const options = trainingOn(spec, profile);
  const stages = programsOf(spec, options);
  const choices = isBegun(runOf(folder, id))
    ? recordedChoices(runOf(folder, id))
    : await trainer.choices(spec, options, stages);
  const compiled = planned(stages, { ...options, choices });
  const taken = choicesOf(compiled.plan, profile);
  const { run, begun } = takeRun(folder, request, "mom", () => ({
    plan: planText({ spec, profile, compiled }),
    choices: choicesText(taken, device.description),
    data: dataText(dataSet.fingerprint, dataSet.documents.length),
  }));
  // Writes of this process go through the run's disk, which refuses them once another process has taken the run over.
  const own: AblationFolder = { path: folder.path, disk: run.disk };
  const endHeartbeat = startHeartbeat(run.disk, pathIn(run, "lock"));
  try {
    writeEnding(own, id, undefined);
    const { checkpoint, warnings } = begun
      ? resumeRun(run, { specText: text, dataSet, choices: taken })
      : { checkpoint: undefined, warnings: [] };
    if (warnings.length > 0) trainer.warned(warnings);
    recordSession(run, { step: checkpoint?.step ?? 0, device: device.description, dataSet });
    const ended = writeEventHead(run, text, request.hyperparameters);
    const model = await openModel(device, compiled, trainer.pipelines);
    try {
      const start = checkpoint ? undefined : trainer.start(compiled);
      const outcome = await trainRecorded(run, { model, spec, dataSet }, watcher, { checkpoint, start });
      if (outcome.kind !== "stopped") ended(outcome.kind === "finished" ? "success" : "failure");
      if (outcome.kind === "diverged") throw diverged(outcome, run, spec.data.carry);
      if (outcome.kind === "stopped") return "stopped";
    } finally {
      model.runtime.destroy();
    }
    writeEnding(own, id, { state: "done", device: device.description });
    if (!request.keepWeights) dropWeights(own, id);
    return "done";
  } finally {
    endHeartbeat();
    closeRun(run);
  }
}
