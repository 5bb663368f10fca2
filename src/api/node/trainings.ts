// Training and ablations for programs: they report progress through callbacks and return values.
import type { AblationFolder } from "../../ablate/folder.js";
import { printSpec } from "../../front/print-spec.js";
import { type AdapterSource, SOURCES } from "../../gpu/dawn.js";
import type { ProgressState } from "../../report/progress.js";
import { TUNE_MODES, type TuneMode } from "../../tune/tune.js";
import { chosenDesign } from "../ablate/choose.js";
import { costsOf } from "../ablate/costs.js";
import { dataSetsIn } from "../ablate/data-sets.js";
import { defaultFolder } from "../ablate/run.js";
import {
  type Allowed,
  checkOptions,
  READING,
  type Reading,
  rightSpec,
  type SpecInput,
  withoutSettings,
} from "../library.js";
import { type Tracker, trackerHere } from "../tracking.js";
import { trainSpec } from "../train.js";
import { DEFAULT_TUNE } from "../tuning.js";
import { ablateWithProgress } from "./ablate-with-progress.js";
import { nodeDisk } from "./disk.js";
import { nodeHost } from "./host.js";
import { openTracker } from "./tracker.js";
import { type Progress, trainWithProgress } from "./train-with-progress.js";

export interface Training extends Reading {
  /** The adapter to train on (default: the best one available). */
  readonly adapter?: AdapterSource;
  readonly tune?: TuneMode;
  /** Skips documents whose files are missing or damaged. By default, such data are refused. */
  readonly skipBad?: boolean;
  /** An abort saves after the current step and stops. */
  readonly signal?: AbortSignal;
  /** Receives the output of the command line. */
  readonly print?: (text: string) => void;
}

export interface TrainOptions extends Training {
  /** The run's folder (default: `runs/NAME`). */
  readonly out?: string;
  /** Continues the run in that folder. */
  readonly resume?: boolean;
  /** Receives the metrics and samples: a tracker, or the path of a module, as `--track` takes it. */
  readonly track?: string | Tracker;
  readonly onStep?: (progress: ProgressState) => void;
  /** Receives held-out losses by modality. */
  readonly onValidation?: (step: number, losses: Readonly<Record<string, number>>) => void;
}

export interface TrainResult {
  readonly how: "done" | "stopped";
  /** The run's folder, with checkpoints, metrics and report.html. */
  readonly out: string;
  /** The number of updates. */
  readonly step: number;
  /** The last held-out losses by modality; undefined if the run stopped before the first validation. */
  readonly losses: Readonly<Record<string, number>> | undefined;
}

/**
 * Trains a spec and writes a run's folder, like `mom train`.
 * @throws Failure if the spec, the data or the folder are invalid, or the run diverged
 */
export async function train(input: SpecInput, options: TrainOptions = {}): Promise<TrainResult> {
  checkOptions(options, TRAIN_OPTIONS);
  const { spec, json, folder, reach, file, name } = rightSpec(nodeDisk, input, options);
  const { out = `runs/${name}`, resume = false, adapter, tune = DEFAULT_TUNE, signal, print, onStep } = options;
  let step = 0;
  let losses: TrainResult["losses"];
  const progress: Progress = {
    terminal: { write: (text) => print?.(text) },
    folder: out,
    resumeCommand: "train(…, { resume: true })",
    signal,
    listener: {
      stepped: (progress) => {
        step = progress.step;
        onStep?.(progress);
      },
      validated: (at, found) => {
        losses = found;
        options.onValidation?.(at, found);
      },
    },
  };
  const wanted = {
    host: nodeHost,
    spec,
    json,
    written: resume ? undefined : withoutSettings(nodeDisk, input, options),
    file,
    folder,
    out,
    tune,
    adapter,
    reach,
    skipBad: options.skipBad,
    resume,
    title: name,
  };
  const { track: given } = options;
  const track = typeof given === "string" ? await openTracker(given) : given && trackerHere(given);
  const outcome = await trainWithProgress(progress, (how) => trainSpec({ ...wanted, track, ...how })).finally(() =>
    track?.close(),
  );
  if (outcome.kind === "diverged") throw outcome.failure;
  return { how: outcome.kind, out, step, losses };
}

export interface AblateOptions extends Training {
  /** The name of the `ablate` block, if the spec has several. */
  readonly name?: string;
  /** The ablation's folder (default: `runs/FILE-NAME`). */
  readonly out?: string;
  /** The number of processes that train at the same time. */
  readonly jobs?: number;
}

export interface AblateResult {
  readonly how: "done" | "stopped";
  /** The ablation's folder, with a run for each variant and the reports. */
  readonly out: string;
  /** The path of the report page. */
  readonly report: string;
  /** The number of variants in each state. */
  readonly variants: Readonly<Partial<Record<"done" | "failed" | "pending" | "running", number>>>;
}

/**
 * Trains every variant of an ablation and writes the reports, like `mom ablate`. Finished variants are not trained again.
 * @param input a spec with `ablate` blocks
 * @throws Failure if the spec has errors or no such ablation
 */
export async function ablate(input: SpecInput, options: AblateOptions = {}): Promise<AblateResult> {
  checkOptions(options, ABLATE_OPTIONS);
  const { spec, json, folder: specFolder, reach, file } = rightSpec(nodeDisk, input, options);
  const { adapter, tune = DEFAULT_TUNE, signal, print, jobs = 1 } = options;
  const design = chosenDesign(nodeDisk, spec, json, options.name, file, options.allow);
  const out = options.out ?? defaultFolder(file, design.name);
  const dataSetOf = dataSetsIn({ host: nodeHost, folder: specFolder, reach, skipBad: options.skipBad }, (text) =>
    print?.(`${text}\n`),
  );
  const costs = await costsOf(design, printSpec(json), dataSetOf);
  const folder: AblationFolder = { path: out, disk: nodeDisk };
  const { kind, states, report } = await ablateWithProgress({
    file,
    design,
    folder,
    costs,
    jobs,
    set: options.set,
    allow: options.allow,
    skipBad: options.skipBad,
    tune,
    adapter,
    terminal: { write: (text) => print?.(text) },
    signal,
  });
  const variants: Partial<Record<"done" | "failed" | "pending" | "running", number>> = {};
  for (const { state } of states) variants[state] = (variants[state] ?? 0) + 1;
  return { how: kind, out, report, variants };
}

const TRAINING: Allowed<Training> = {
  ...READING,
  adapter: SOURCES,
  tune: TUNE_MODES,
  skipBad: undefined,
  signal: undefined,
  print: undefined,
};
const TRAIN_OPTIONS: Allowed<TrainOptions> = {
  ...TRAINING,
  out: undefined,
  resume: undefined,
  track: undefined,
  onStep: undefined,
  onValidation: undefined,
};
const ABLATE_OPTIONS: Allowed<AblateOptions> = { ...TRAINING, name: undefined, out: undefined, jobs: undefined };
