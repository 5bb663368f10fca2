// A training run from its data to its report: what `mom train` and a compiled folder's train.mjs both do.

import type { Started } from "../api/start.js";
import { trainingSamples } from "../api/training-samples.js";
import { lossUnits } from "../api/units.js";
import type { DataSet } from "../data/data-set.js";
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import { render } from "../diagnostics/render.js";
import type { CheckedSpec } from "../front/spec.js";
import { choicesOf } from "../gpu/choose.js";
import type { OpenDevice } from "../gpu/dawn.js";
import type { Decode } from "../modalities/text.js";
import type { SampleGroup } from "../report/render.js";
import { readStart, writeAbout, writeReport, writeStart } from "../report/run-report.js";
import { hasSamples, writeSamples } from "../report/samples.js";
import { type StartRecord, startText } from "../report/start-text.js";
import { choicesText } from "../train/choices.js";
import { type CompiledModel, planText } from "../train/compiled.js";
import { diverged } from "../train/diverged.js";
import { openModel } from "../train/model.js";
import { type Resumed, resumeRun, trainRecorded } from "../train/recorded.js";
import { closeRun, createRun, dataText, openRun, pathIn, type Run } from "../train/run-folder.js";
import { checkTeaches } from "../train/teaching.js";
import type { NamedFile } from "../train/whole-folder.js";
import { stopBy } from "./interrupts.js";
import { formatCount, formatDuration, formatLoss, type ProgressState, progressOn } from "./progress.js";
import { keepingLost, type Terminal } from "./streams.js";
import { EXIT, type ExitCode } from "./verb.js";

export interface TrainingRequest {
  readonly spec: CheckedSpec;
  /** The spec as resolved, which the run keeps: its paths are right in the run's folder. */
  readonly specText: string;
  /** Reads the tokenizers and codebooks that go with it. */
  readonly specFiles?: () => readonly NamedFile[];
  /** The file that the spec was read from, if it was. */
  readonly specFile?: string;
  readonly compiled: CompiledModel["compiled"];
  readonly dataSet: DataSet;
  readonly device: OpenDevice;
  /** Of modalities with a tokenizer, by index: what samples are shown with. */
  readonly decoders?: ReadonlyMap<number, Decode>;
  /** The run's folder. */
  readonly folder: string;
  readonly resume: boolean;
  /** Finds what the weights start from; absent where they are drawn. */
  readonly start?: (() => Started) | undefined;
  readonly title: string;
  /** How to go on with this run, as a command. */
  readonly resumeCommand: string;
  readonly terminal: Terminal;
  /** Told of what happens besides. */
  readonly listener?: TrainingListener | undefined;
  /** Stops training instead of Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
}

export interface TrainingListener {
  /** After every update. */
  readonly stepped?: ((progress: ProgressState) => void) | undefined;
  /** Held-out losses by modality. */
  readonly validated?: ((step: number, losses: Readonly<Record<string, number>>) => void) | undefined;
}

function aboutOf({ spec, compiled, device, dataSet, title }: TrainingRequest, start: StartRecord | undefined) {
  const parameters = compiled.parameters.reduce((sum, { shape }) => sum + shape.reduce((p, n) => p * n, 1), 0);
  const memory = compiled.plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  const latents = spec.model.modalities.filter((m) => m.kind === "patches" && m.values === "latents");
  return {
    title,
    facts: [
      ["Parameters", formatCount(parameters)],
      ["Documents", `${dataSet.train.length} to learn from, ${dataSet.validation.length} held out`],
      ["Device", device.description],
      ["Planned memory", `${(memory / 2 ** 20).toFixed(1)} MiB`],
      ...latents.map(({ name }) => ["Pictures", `none of ${name}: its latents are for their own decoder`] as const),
      ...(start ? [["Weights from", start.from] as const] : []),
    ] as const,
    units: lossUnits(spec),
  };
}

/** Trains, prints what happens to the terminal, and leaves a report. */
export async function runTraining(request: TrainingRequest): Promise<ExitCode> {
  const { spec, folder, resume, terminal } = request;
  checkTeaches(spec, request.dataSet);
  const choices = choicesOf(request.compiled.plan, request.device.profile);
  // Before there is a folder, for what is refused leaves none.
  const begins = resume ? undefined : request.start?.();
  const run: Run = resume
    ? openRun(folder)
    : createRun(folder, {
        spec: request.specText,
        plan: planText({ ...request, profile: request.device.profile }),
        choices: choicesText(choices, request.device.description),
        data: dataText(request.dataSet.fingerprint, request.dataSet.documents.length),
        files: request.specFiles?.(),
        file: request.specFile,
      });
  terminal.whenLost?.(keepingLost((text) => run.disk.append(pathIn(run, "log"), new TextEncoder().encode(text))));
  const progress = progressOn(terminal);
  const interrupts = stopBy(request.signal, () =>
    progress.message("Stopping after this step; Ctrl-C once more stops at once."),
  );
  try {
    const { checkpoint, warnings }: Resumed = resume
      ? resumeRun(run, { ...request, choices })
      : { checkpoint: undefined, warnings: [] };
    if (warnings.length > 0) terminal.write(`${render(warnings, [], { colour: false })}\n`);
    if (resume) progress.message(`Going on with ${folder} after step ${checkpoint?.step ?? 0}.`);
    const start = checkpoint ? undefined : (begins ?? request.start?.());
    if (start) beginFrom(start, run, terminal);
    writeAbout(run, aboutOf(request, readStart(run)));
    const model = await openModel(request.device, request.compiled);
    const begun = Date.now();
    const outcome = await trainRecorded(
      run,
      { model, spec, dataSet: request.dataSet },
      {
        stepped: ({ step, losses, gradient_norm }, tokens_per_second) => {
          const state = { step, steps: spec.train.steps, losses, gradient_norm, tokens_per_second };
          progress.update(state);
          request.listener?.stepped?.(state);
        },
        validated: (record) => {
          request.listener?.validated?.(record.step, record.losses);
          const losses = Object.entries(record.losses).map(([name, loss]) => `${name} ${formatLoss(loss)}`);
          progress.message(`Step ${record.step}, held out: ${losses.join("  ")}`);
        },
        stopWanted: interrupts.wanted,
      },
      { checkpoint, start: start?.tensors },
    );
    progress.end();
    if (outcome.kind === "diverged") throw diverged(outcome, run, spec.data.carry);
    if (outcome.kind === "stopped") {
      const report = writeReport(run);
      const saved = outcome.step === 0 ? "before the first step" : `after step ${outcome.step}, which is saved`;
      terminal.write(`Stopped ${saved}. Report so far: ${report}\nGo on with: ${request.resumeCommand}\n`);
      return EXIT.interrupted;
    }
    const weights = await model.read("parameters");
    model.runtime.destroy();
    const before = checkpoint?.step ?? 0;
    if (before < outcome.step || !hasSamples(run, outcome.step)) {
      const groups = await trainingSamples(request, weights).catch((error: unknown): SampleGroup[] => {
        // The run is done and saved; that a model whose logits are not finite cannot be sampled is no failure of it.
        if (!(error instanceof InputError)) throw error;
        progress.message(`The report has no samples: ${error.message}`);
        return [];
      });
      if (groups.length > 0) writeSamples(run, outcome.step, groups);
    }
    const report = writeReport(run);
    const done =
      before < outcome.step
        ? `Trained ${outcome.step - before} steps in ${formatDuration((Date.now() - begun) / 1000)}.`
        : `Nothing was left to train: all ${outcome.step} steps had been made.`;
    terminal.write(
      `${done}\n` + `Checkpoint: ${pathIn(run, "checkpoints")}/step-${outcome.step}\nReport:     ${report}\n`,
    );
    return EXIT.done;
  } finally {
    progress.end();
    interrupts.release();
    closeRun(run);
  }
}

/** Tells what the weights start from and keeps it; a run that begins again must begin with the same. */
function beginFrom({ record, warnings }: Started, run: Run, terminal: Terminal): void {
  if (warnings.length > 0) terminal.write(`${render(warnings, [], { colour: false })}\n`);
  const before = readStart(run);
  if (before !== undefined && before.sha256 !== record.sha256) {
    throw new Failure([
      mistake("other-init", `The run in ${run.path} began with other weights than ${record.from} has now.`, {
        help: "Bring the old ones back, or start a new run with another --out.",
      }),
    ]);
  }
  writeStart(run, record);
  terminal.write(startText(record));
}
