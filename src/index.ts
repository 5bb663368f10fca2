// mom as a library: the commands as functions.
import { type Benched, type BenchOptions, benchSpec, namedShares } from "./api/bench.js";
import { type FittedCodebook, fitPictureCodebook, type PictureCodebookOptions } from "./api/codebook.js";
import { refusingTooLarge, trainingOptions } from "./api/compile-options.js";
import { type Difference, difference as differenceOf } from "./api/difference.js";
import { type EvaluateOptions, evaluate as evaluateTrained, SPLITS } from "./api/evaluate.js";
import { type InspectOptions, inspectSpec } from "./api/inspect.js";
import {
  type Allowed,
  type CheckResult,
  checkInput,
  checkOptions,
  formatSpec,
  READING,
  type Reading,
  rightSpec,
  type Spec,
  type SpecInput,
} from "./api/library.js";
import { type Look, type LookOptions, look as lookAt } from "./api/look.js";
import { lookHtml as lookPage } from "./api/look-html.js";
import { nodeDisk } from "./api/node/disk.js";
import { nodeHost } from "./api/node/host.js";
import { SAMPLE_DEFAULTS, type SampleOptions, sample as sampleTrained } from "./api/sample.js";
import {
  fitSpeechUnits as fitUnits,
  type Listened,
  type ListenOptions,
  listenTo,
  type SpeechUnits,
  type SpeechUnitsOptions,
} from "./api/speech-units.js";
import { type Traced, type TraceSettings, traceSpec } from "./api/trace.js";
import { rightTrained, type TrainedOptions } from "./api/trained.js";
import { DEFAULT_TUNE } from "./api/tuning.js";
import { compile as compileSpec } from "./compile.js";
import type { Heard } from "./data/audio/units.js";
import type { StoredTensor } from "./data/tensor.js";
import { SOURCES } from "./gpu/dawn.js";
import type { Fit } from "./inspect/fit.js";
import type { Inspection } from "./inspect/inspection.js";
import type { Kernel, Plan } from "./ir/plan.js";
import { DEFAULT_DEVICE, PROFILES } from "./ir/profiles.js";
import { ITEM_SAMPLERS } from "./objectives/items.js";
import { type Shown, shown } from "./sample/shown.js";
import { TUNE_MODES } from "./tune/tune.js";

export { type CheckResult, type Message, messagesOf, type Reading, type Spec, type SpecInput } from "./api/library.js";
export { type NewSpec, templateOf as newSpec } from "./api/new-spec.js";
export { examineAdapters, type Findings } from "./api/node/doctor.js";
export { type FormattedFile, formattedFile, specFiles } from "./api/node/spec-files.js";
export {
  type AblateOptions,
  type AblateResult,
  ablate,
  type Training,
  type TrainOptions,
  type TrainResult,
  train,
} from "./api/node/trainings.js";
export type { TrackedMetrics, TrackedResult, TrackedRun, TrackedSample, Tracker } from "./api/tracking.js";
export { Failure } from "./diagnostics/failure.js";
export { InputError } from "./diagnostics/input-error.js";
export type { AdapterSource } from "./gpu/dawn.js";
export { DeviceError } from "./gpu/device-error.js";
export type { Change, CostChange } from "./inspect/difference.js";
export type { Fit } from "./inspect/fit.js";
export type { ProgressState } from "./report/progress.js";
export type { FullSpec } from "./spec.gen.js";
export type { TuneMode } from "./tune/tune.js";
export type { Benched, Difference, FittedCodebook, Inspection, Kernel, Listened, Look, Plan, SpeechUnits, Traced };

/** Errors and warnings of a spec. @throws Failure only if the file does not exist */
export function check(input: SpecInput, options: Reading = {}): CheckResult {
  checkOptions(options, READING);
  return checkInput(nodeDisk, input, options);
}

/**
 * The text in the format of `mom fmt`, or a spec object as the text of a `.mom` file.
 * @throws Failure if the text has syntax errors
 */
export const format = (of: { readonly text: string } | Spec): string => formatSpec(of);

/** The device that kernels are compiled for. */
export interface ForDevice extends Reading {
  /** A name that `mom inspect --device` takes. Default: `webgpu-default`. */
  readonly device?: string;
}
const FOR_DEVICE: Allowed<ForDevice> = { ...READING, device: PROFILES.map(({ name }) => name) };

/**
 * The costs of a spec: parameters, FLOPs per token, bytes, kernels. Needs no GPU.
 * @param options with `memory` in bytes, the result also states whether and how the training fits
 * @throws Failure if the spec has errors
 */
export function inspect(
  input: SpecInput,
  options: ForDevice & Partial<InspectOptions> = {},
): Inspection & { readonly fit?: Fit } {
  checkOptions(options, { ...FOR_DEVICE, batch: undefined, choices: undefined, memory: undefined });
  const { spec } = rightSpec(nodeDisk, input, options);
  const { inspection, fit } = inspectSpec(nodeDisk, spec, { ...options, device: options.device ?? DEFAULT_DEVICE });
  return fit === undefined ? inspection : { ...inspection, fit };
}

/**
 * Compares two specs by meaning and by cost. Needs no GPU.
 * @throws Failure if one of them has errors
 */
export function difference(one: SpecInput, other: SpecInput, options: ForDevice = {}): Difference {
  checkOptions(options, FOR_DEVICE);
  return differenceOf(nodeDisk, rightSpec(nodeDisk, one, options), rightSpec(nodeDisk, other, options), options.device);
}

export interface CompileResult {
  /** WGSL sources by name. */
  readonly kernels: readonly Kernel[];
  /** Buffers, dispatches and host writes: everything that a run needs except data. */
  readonly plan: Plan;
}

/**
 * Compiles the training of a spec to kernels and a plan. Needs no GPU.
 * @throws Failure if the spec has errors or is too large for the device
 */
export function compile(input: SpecInput, options: ForDevice = {}): CompileResult {
  checkOptions(options, FOR_DEVICE);
  const { spec } = rightSpec(nodeDisk, input, options);
  const how = trainingOptions(spec, options.device ?? DEFAULT_DEVICE);
  const { plan } = refusingTooLarge(spec, how, () => compileSpec(spec, how));
  return { kernels: plan.kernels, plan };
}

/** Receives status lines: slow operations and skipped documents. */
interface Noting {
  readonly print?: (text: string) => void;
}
const noticeOf =
  ({ print }: Noting) =>
  (line: string): void =>
    print?.(`${line}\n`);

const TRAINED: Allowed<TrainedOptions & Noting> = {
  ...READING,
  checkpoint: undefined,
  step: undefined,
  data: undefined,
  print: undefined,
};

export interface Evaluation {
  /** The number of updates before these weights. */
  readonly step: number;
  /** The weighted sum of `losses`, which are by modality. */
  readonly loss: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly documents: number;
}

/**
 * The losses of a trained model on held-out or training documents.
 * @param run the folder of a run, or a spec together with `checkpoint`
 * @throws Failure or InputError if the run, the spec or the data are invalid; DeviceError
 */
export async function evaluate(
  run: string,
  options: TrainedOptions & Noting & Partial<Omit<EvaluateOptions, "notice">> = {},
): Promise<Evaluation> {
  checkOptions(options, { ...TRAINED, split: SPLITS, skipBad: undefined, adapter: SOURCES });
  const { split = "validation", skipBad, adapter } = options;
  const notice = noticeOf(options);
  const trained = rightTrained(nodeDisk, run, options);
  const { record, documents } = await evaluateTrained(nodeHost, trained, { split, skipBad, adapter, notice });
  const { step, loss, losses } = record;
  return { step, loss, losses, documents };
}

/** A segment of a sampled document: its ids, and its text or picture. */
export interface SampledPart extends Omit<Shown, "modality"> {
  /** The name of the modality. */
  readonly modality: string;
}

export interface SampledText {
  readonly segments: readonly SampledPart[];
  /** True if the model ended the document, false if `tokens` cut it. */
  readonly ended: boolean;
}

/**
 * Samples from a trained model.
 * @param run the folder of a run, or a spec together with `checkpoint`
 * @throws Failure or InputError if the run, the spec or the prompt is invalid; DeviceError
 */
export async function sample(
  run: string,
  options: TrainedOptions & Noting & Partial<Omit<SampleOptions, "notice">> = {},
): Promise<SampledText[]> {
  checkOptions(options, SAMPLE_OPTIONS);
  const trained = rightTrained(nodeDisk, run, options);
  const settings = { ...SAMPLE_DEFAULTS, ...options, notice: noticeOf(options) };
  const { documents, showing } = await sampleTrained(nodeHost, trained, settings);
  const part = ({ modality, ...one }: Shown) => ({ modality: showing.parts.modalities[modality]?.name ?? "", ...one });
  return documents.map(({ segments, ended }) => ({
    segments: segments.map((one) => part(shown(one, showing))),
    ended,
  }));
}
const SAMPLE_OPTIONS: Allowed<TrainedOptions & Noting & Omit<SampleOptions, "notice">> = {
  ...TRAINED,
  prompt: undefined,
  image: undefined,
  audio: undefined,
  modality: undefined,
  count: undefined,
  tokens: undefined,
  temperature: undefined,
  topK: undefined,
  topP: undefined,
  seed: undefined,
  steps: undefined,
  sampler: ITEM_SAMPLERS,
  guidance: undefined,
  adapter: SOURCES,
};

/**
 * Runs steps on given tensors and returns every result.
 * @param tensors parameters by their checkpoint names, and the inputs that `mom trace --help` lists
 * @throws Failure or InputError if the spec or a tensor is invalid; DeviceError
 */
export async function trace(
  input: SpecInput,
  tensors: ReadonlyMap<string, StoredTensor>,
  options: TraceSettings & Reading = {},
): Promise<Traced> {
  const own = { stack: undefined, steps: undefined, prefix: undefined, chunk: undefined, variant: undefined };
  checkOptions(options, { ...READING, ...own, adapter: SOURCES });
  return await traceSpec(nodeHost, rightSpec(nodeDisk, input, options).spec, tensors, options);
}

/** `share`: each modality's share of the positions, by name. By default, modalities alternate. */
export type BenchSettings = Reading &
  Noting &
  Partial<Omit<BenchOptions, "shares" | "notice">> & { readonly share?: Readonly<Record<string, number>> };

/**
 * Times a training step, kernel by kernel, or the training loop.
 * @throws Failure or InputError if the spec or an option is invalid; DeviceError
 */
export async function bench(input: SpecInput, options: BenchSettings = {}): Promise<Benched> {
  const own = { share: undefined, loopSteps: undefined, force: undefined, print: undefined };
  checkOptions(options, { ...READING, ...own, tune: TUNE_MODES, adapter: SOURCES });
  const { share, loopSteps, force, tune = DEFAULT_TUNE, adapter } = options;
  const { spec } = rightSpec(nodeDisk, input, options);
  const shares = share && namedShares(new Map(Object.entries(share)), spec.model.modalities);
  return await benchSpec(nodeHost, spec, { shares, loopSteps, force, tune, adapter, notice: noticeOf(options) });
}

/**
 * Describes the data set of a spec and shows some of its documents.
 * @throws Failure or InputError if the spec or the data are invalid
 */
export async function look(
  input: SpecInput,
  options: Reading & Noting & Partial<Omit<LookOptions, "notice">> = {},
): Promise<Look> {
  checkOptions(options, { ...READING, documents: undefined, skipBad: undefined, print: undefined });
  const { documents = 5, skipBad } = options;
  const notice = noticeOf(options);
  return await lookAt(nodeHost, rightSpec(nodeDisk, input, options), { documents, skipBad, notice });
}

/**
 * The page of `mom data look --html`: documents as the model sees them, a packed batch, and what was skipped.
 * @returns the text of an HTML file that needs no other files
 * @throws Failure or InputError if the spec or the data are invalid
 */
export async function lookHtml(
  input: SpecInput,
  options: Reading & Noting & Partial<Omit<LookOptions, "notice">> = {},
): Promise<string> {
  checkOptions(options, { ...READING, documents: undefined, skipBad: undefined, print: undefined });
  const { documents = 5, skipBad } = options;
  const spec = rightSpec(nodeDisk, input, options);
  return (await lookPage(nodeHost, spec, { documents, skipBad, notice: noticeOf(options) }, spec.name)).html;
}

/** Fits a codebook to the patches of pictures, like `mom data codebook`. @throws InputError */
export const fitCodebook = (options: PictureCodebookOptions & Noting): Promise<FittedCodebook> =>
  fitPictureCodebook(nodeHost, options, noticeOf(options));

/** Fits a codebook of speech units to recordings, like `mom data units`. @throws InputError */
export const fitSpeechUnits = (options: SpeechUnitsOptions & Noting): SpeechUnits =>
  fitUnits(nodeDisk, options, noticeOf(options));

/** Converts the recordings in a file of documents to speech units, like `mom data listen`. @throws InputError */
export const listen = (
  file: string,
  options: ListenOptions,
  heard: (recording: Heard["recordings"][number]) => void = () => {},
): Listened => listenTo(nodeDisk, file, options, heard);
