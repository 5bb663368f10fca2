// A training run from its data to its report, for `mom train` and for train.mjs of a compiled folder.
import type { DataSet } from "../data/data-set.js";
import { diagnosticOf } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { choicesOf } from "../gpu/choose.js";
import type { OpenDevice } from "../gpu/dawn.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { Decode } from "../modalities/text.js";
import { writeAbout } from "../report/about.js";
import { formatCount } from "../report/progress.js";
import { readStart, writeReport, writeStart } from "../report/run-report.js";
import { hasSamples, type SampleGroup, sampleSummaries, writeSamples } from "../report/samples.js";
import type { StartRecord } from "../report/start-text.js";
import type { TrainingEvents, TrainingOutcome } from "../report/training-words.js";
import { type Changed, recordChanges } from "../train/changes.js";
import { choicesText } from "../train/choices.js";
import { type CompiledModel, planText } from "../train/compiled.js";
import { diverged } from "../train/diverged.js";
import { alreadyMade } from "../train/errors.js";
import { startHeartbeat } from "../train/heartbeat.js";
import { openModel, type Tensors } from "../train/model.js";
import { type Resumed, resumeRun, trainRecorded, type Watcher } from "../train/recorded.js";
import { recorder, writeEventHead } from "../train/recorder.js";
import { closeRun, createRun, dataText, openRun, pathIn, type Run } from "../train/run-folder.js";
import { readSessions, recordSession, type Session } from "../train/sessions.js";
import { checkMonitored, checkTeaches } from "../train/teaching.js";
import type { Hyperparameters } from "../train/tensorboard.js";
import type { NamedFile } from "../train/whole-folder.js";
import type { Host } from "./host.js";
import type { Started } from "./start.js";
import { type OpenTracker, problemOf, runId, type TrackedRun, type Tracking, trackingOf } from "./tracking.js";
import { trainingSamples } from "./training-samples.js";
import { lossUnits } from "./units.js";

export interface TrainingRequest {
  readonly host: Pick<Host, "disk" | "deflate">;
  readonly spec: CheckedSpec;
  /** The text of the resolved spec, with paths that are valid in the run's folder. */
  readonly specText: string;
  /** Reads the tokenizers and codebooks of the spec. */
  readonly specFiles?: () => readonly NamedFile[];
  /** The file that the spec was read from, if any. */
  readonly specFile?: string;
  /** `specText` as that file alone gives it, if `--set` changed it. */
  readonly specWritten?: string;
  readonly compiled: CompiledModel["compiled"];
  readonly dataSet: DataSet;
  readonly device: OpenDevice;
  /** Decoders for showing samples, by the index of the modality, for modalities with a tokenizer. */
  readonly decoders?: ReadonlyMap<number, Decode>;
  /** The run's folder. */
  readonly folder: string;
  readonly resume: boolean;
  /** How the spec of a resumed run changes; absent if it must be equal. */
  readonly changes?: readonly Changed[] | undefined;
  /** Finds the initial weights; absent if they are random. */
  readonly start?: (() => Started) | undefined;
  readonly title: string;
  /** The fields of the spec; absent for a compiled folder, which has only its text. */
  readonly hyperparameters?: Hyperparameters;
  /** Training FLOPs of one update; absent for a compiled folder. */
  readonly flopsPerStep?: number;
  readonly events: TrainingEvents;
  /** Also receives what happens in the run. */
  readonly track?: OpenTracker | undefined;
  /** Called after every update: whether to save and stop. */
  readonly stopWanted: () => boolean;
}

const parametersOf = ({ parameters }: TrainingRequest["compiled"]): number =>
  parameters.reduce((sum, { shape }) => sum + shape.reduce((p, n) => p * n, 1), 0);

function aboutOf(
  { spec, compiled, device, dataSet, title, flopsPerStep }: TrainingRequest,
  start: StartRecord | undefined,
) {
  const memory = compiled.plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  const latents = spec.model.modalities.filter((modality) => itemOf(modality)?.type === "F32");
  return {
    title,
    facts: [
      ["Parameters", formatCount(parametersOf(compiled))],
      ["Documents", `${dataSet.train.length} for training, ${dataSet.validation.length} held-out`],
      ["Device", device.description],
      ["Planned memory", `${(memory / 2 ** 20).toFixed(1)} MiB`],
      ...latents.map(({ name }) => ["Pictures", `none for ${name}: its latents need their own decoder`] as const),
      ...(start ? [["Initial weights", start.from] as const] : []),
    ] as const,
    units: lossUnits(spec),
    ...(flopsPerStep !== undefined && { flops_per_step: flopsPerStep }),
  };
}

/** Trains and writes a report. @throws Failure or InputError if the run, its data or the device are unusable */
export async function runTraining(request: TrainingRequest): Promise<TrainingOutcome> {
  const { track, events } = request;
  if (track === undefined) return await trainInFolder(request);
  const tracking = trackingOf(track, events.trackerFailed);
  try {
    const outcome = await trainInFolder(request, tracking);
    await tracking.end(
      outcome.kind === "diverged"
        ? { how: "diverged", reason: outcome.failure.message }
        : { how: outcome.kind, report: outcome.report },
    );
    return outcome;
  } catch (error) {
    await tracking.end({ how: "failed", reason: problemOf(error) });
    throw error;
  }
}

async function trainInFolder(request: TrainingRequest, tracking?: Tracking): Promise<TrainingOutcome> {
  const { spec, folder, resume, events } = request;
  const { disk } = request.host;
  checkTeaches(spec, request.dataSet);
  checkMonitored(spec, request.dataSet);
  const choices = choicesOf(request.compiled.plan, request.device.profile);
  // Before the folder is created, so that an error leaves no folder.
  const begins = resume ? undefined : request.start?.();
  const run: Run = resume
    ? openRun(folder, disk)
    : createRun(
        folder,
        {
          spec: request.specText,
          plan: planText({ ...request, profile: request.device.profile }),
          choices: choicesText(choices, request.device.description),
          data: dataText(request.dataSet.fingerprint, request.dataSet.documents.length),
          files: request.specFiles?.(),
          file: request.specFile,
          written: request.specWritten,
        },
        disk,
      );
  const endHeartbeat = startHeartbeat(run.disk, pathIn(run, "lock"));
  try {
    events.opened((text) => run.disk.append(pathIn(run, "log"), new TextEncoder().encode(text)));
    const { checkpoint, warnings, grown }: Resumed = resume
      ? resumeRun(run, { ...request, choices })
      : { checkpoint: undefined, warnings: [], grown: [] };
    if (warnings.length > 0) events.warned(warnings);
    if (resume) events.resumed(checkpoint?.step ?? 0);
    const changes = [...(request.changes ?? []), ...grown];
    const made = checkpoint?.step ?? 0;
    if (changes.length > 0 && made > spec.train.steps) throw alreadyMade(folder, made, spec.train.steps);
    if (changes.length > 0) {
      const { specText: text, device, dataSet } = request;
      const plan = planText({ ...request, profile: device.profile });
      const files = {
        spec: text,
        plan,
        choices: choicesText(choices, device.description),
        data: dataText(dataSet.fingerprint, dataSet.documents.length),
      };
      recordChanges(run, made, changes, files);
      events.changed(changes);
    }
    const start = checkpoint ? undefined : (begins ?? request.start?.());
    if (start) beginFrom(start, run, events);
    const { description } = request.device;
    const session = recordSession(run, { step: checkpoint?.step ?? 0, device: description, dataSet: request.dataSet });
    const ended = writeEventHead(run, request.specText, request.hyperparameters ?? new Map());
    writeAbout(run, aboutOf(request, readStart(run)));
    tracking?.start(trackedRun(request, readSessions(run)[0] ?? session, session));
    const model = await openModel(request.device, request.compiled);
    const begun = Date.now();
    const outcome = await trainRecorded(
      run,
      { model, spec, dataSet: request.dataSet },
      watcherOf(request, run, tracking),
      {
        checkpoint,
        start,
      },
    );
    const { step } = outcome;
    if (outcome.kind === "diverged") ended("failure");
    if (outcome.kind === "diverged") return { kind: "diverged", failure: diverged(outcome, run, spec.data.carry) };
    events.trained();
    if (outcome.kind === "stopped") return { kind: "stopped", step, report: writeReport(run, request) };
    const weights = await model.read("parameters");
    model.runtime.destroy();
    const updates = step - made;
    if (updates > 0 || !hasSamples(run, step)) await keepSamples(request, run, step, weights, tracking);
    ended("success");
    const report = writeReport(run, request);
    const checkpointPath = `${pathIn(run, "checkpoints")}/step-${step}`;
    return {
      kind: "done",
      ...(outcome.early && { early: outcome.early }),
      step,
      made: updates,
      seconds: (Date.now() - begun) / 1000,
      checkpoint: checkpointPath,
      report,
    };
  } finally {
    endHeartbeat();
    closeRun(run);
  }
}

/** Reports updates and validations, and makes samples. */
const watcherOf = (request: TrainingRequest, run: Run, tracking: Tracking | undefined): Watcher => {
  const { spec, events, stopWanted } = request;
  return {
    stepped(record, tokens_per_second) {
      const { step, losses, gradient_norm } = record;
      events.stepped({ step, steps: spec.train.steps, losses, gradient_norm, tokens_per_second });
      tracking?.step(record, { "train/tokens_per_second": tokens_per_second });
    },
    validated(record) {
      events.validated(record.step, record.losses);
      tracking?.step(record);
    },
    sampled: (step, weights) => keepSamples(request, run, step, weights, tracking),
    stopWanted,
  };
};

/** Draws samples and adds them to the run. */
async function keepSamples(
  request: TrainingRequest,
  run: Run,
  step: number,
  weights: Tensors,
  tracking: Tracking | undefined,
): Promise<void> {
  const { events } = request;
  const { deflate } = request.host;
  const groups = await trainingSamples({ ...request, deflate }, weights).catch((error: unknown): SampleGroup[] => {
    // A model without finite logits cannot be sampled, but the run has not failed.
    if (!(error instanceof InputError)) throw error;
    events.unsampled(error.message);
    return [];
  });
  if (groups.length === 0) return;
  writeSamples(run, step, groups);
  recorder(run).summaries(step, sampleSummaries(groups));
  tracking?.samples(groups);
}

const trackedRun = (request: TrainingRequest, first: Session, { step, device, version }: Session): TrackedRun => ({
  id: runId(first),
  name: request.host.disk.paths.basename(request.host.disk.paths.resolve(request.folder)),
  folder: request.folder,
  step,
  steps: request.spec.train.steps,
  hyperparameters: Object.fromEntries(request.hyperparameters ?? []),
  spec: request.specText,
  parameters: parametersOf(request.compiled),
  device,
  version,
  units: lossUnits(request.spec),
});

/** Reports and records the initial weights. A run that starts again must use the same weights. */
function beginFrom({ record, warnings }: Started, run: Run, events: TrainingEvents): void {
  if (warnings.length > 0) events.warned(warnings);
  const before = readStart(run);
  if (before !== undefined && before.sha256 !== record.sha256) {
    throw new Failure([
      diagnosticOf("other-init", `The weights in ${record.from} have changed since the run in ${run.path} started.`, {
        help: "Restore the old weights, or start a new run with another --out.",
      }),
    ]);
  }
  writeStart(run, record);
  events.started(record);
}
