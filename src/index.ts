// mom as a library: the verbs of the command line as functions, with the same names and the same meaning.
import { format as formatText } from "../grammar/format.js";
import type { AblationFolder } from "./ablate/folder.js";
import { chosenDesign } from "./api/ablate/choose.js";
import { costsOf } from "./api/ablate/costs.js";
import { dataSetsIn } from "./api/ablate/data-sets.js";
import { defaultFolder } from "./api/ablate/run.js";
import { refusingTooLarge, trainingOptions } from "./api/compile-options.js";
import { nodeDisk } from "./api/node/disk.js";
import { nodeHost } from "./api/node/host.js";
import { toldAblation } from "./api/node/told-ablation.js";
import { type Told, toldTraining } from "./api/node/told-training.js";
import { checkFile, checkText } from "./api/read-spec.js";
import { trainSpec } from "./api/train.js";
import { DEFAULT_TUNE } from "./api/tuning.js";
import { compile as compileSpec } from "./compile.js";
import { type Reach, reachOf } from "./data/reach.js";
import { codeOf } from "./diagnostics/codes.js";
import { type Diagnostic, isError, type Source } from "./diagnostics/diagnostic.js";
import { Failure } from "./diagnostics/failure.js";
import { InputError } from "./diagnostics/input-error.js";
import { suggestion } from "./diagnostics/nearest.js";
import { positionOf } from "./diagnostics/render.js";
import type { Checked } from "./front/check.js";
import { printSpec } from "./front/print-spec.js";
import type { CheckedSpec, Json } from "./front/spec.js";
import { type AdapterSource, SOURCES } from "./gpu/dawn.js";
import { type Inspection, inspect as inspectSpec } from "./inspect/inspection.js";
import type { Kernel, Plan } from "./ir/plan.js";
import { DEFAULT_DEVICE, PROFILES } from "./ir/profiles.js";
import type { ProgressState } from "./report/progress.js";
import type { FullSpec } from "./spec.gen.js";
import { TUNE_MODES, type TuneMode } from "./tune/tune.js";

export { Failure } from "./diagnostics/failure.js";
export { InputError } from "./diagnostics/input-error.js";
export { DeviceError } from "./gpu/device-error.js";
export type { AdapterSource, FullSpec, Inspection, Kernel, Plan, ProgressState, TuneMode };

/** A spec as programs write it: what needs nothing but its kind, or its part, may stand by that name. */
export type Spec = Written<FullSpec>;

type Written<T> = T extends readonly (infer Item)[] ? readonly Written<Item>[] : T extends object ? Named<T> : T;

type Named<T extends object> =
  | NameOf<T, "kind">
  | NameOf<T, "part">
  | { readonly [Field in keyof T]: Written<T[Field]> };

/** The name in a field, if that field alone makes an object whole. */
type NameOf<T, Field extends string> = T extends { [_ in Field]: infer Name extends string }
  ? { [_ in Field]: Name } extends T
    ? Name
    : never
  : never;

/**
 * The path of a `.mom` or `.json` file; a text in the language; or a spec as `mom schema` describes it. Paths in a text
 * or an object are relative to the working folder.
 */
export type SpecInput = string | { readonly text: string } | Spec;

/** What is said of a spec, as `mom check --format json` does. */
export interface Message {
  /** What `mom explain` unfolds: `MOM0103`. */
  readonly code: string;
  /** Its readable name: `unknown-field`. */
  readonly name: string;
  readonly severity: "error" | "warning";
  readonly title: string;
  readonly message: string;
  readonly expected?: string;
  readonly help?: string;
  /** Where: a file, and lines and columns from 1. Of a spec that is no file, in the text that `format` gives. */
  readonly place?: { readonly file: string; readonly line: number; readonly column: number };
}

export interface CheckResult {
  /** Whether it can be compiled: nothing that was said is an error. */
  readonly right: boolean;
  readonly messages: readonly Message[];
  /** The spec with imports merged and defaults filled in; there where it is right. */
  readonly spec: FullSpec | undefined;
}

/** What a spec may read. */
export interface Reading {
  /** Folders in which a spec and its data may name files, besides the project's and those of MOM_ALLOW. */
  readonly allow?: readonly string[];
}

/** Says what is wrong with a spec. Throws a `Failure` only where there is no such file. */
export function check(input: SpecInput, options: Reading = {}): CheckResult {
  checkOptions(options, READING);
  const { diagnostics, sources, json } = checkedOf(input, options.allow);
  const messages = diagnostics.map((one) => messageOf(one, sources));
  const right = !diagnostics.some(isError);
  return { right, messages, spec: right ? (json as unknown as FullSpec) : undefined };
}

/** What a `Failure` says, as `check` says it; without places, since the texts that it speaks of may be gone. */
export const messagesOf = ({ diagnostics }: Failure): readonly Message[] =>
  diagnostics.map((one) => messageOf(one, []));

function messageOf(diagnostic: Diagnostic, sources: readonly Source[]): Message {
  const { name, severity, title, message, expected, help, span } = diagnostic;
  const text = sources.find(({ path }) => path === span?.path)?.text;
  return {
    code: codeOf(name),
    name,
    severity,
    title,
    message,
    ...(expected !== undefined && { expected }),
    ...(help !== undefined && { help }),
    ...(span !== undefined && text !== undefined && { place: { file: span.path, ...positionOf(text, span.start) } }),
  };
}

/**
 * A text as `mom fmt` sets it; the text of a `.mom` file that says the same as a spec.
 * @throws Failure where the text has mistakes of syntax
 */
export function format(of: { readonly text: string } | Spec): string {
  const text = "text" in of ? of.text : printSpec(of as unknown as Json);
  const formatted = formatText({ path: UNNAMED, text });
  if ("text" in formatted) return formatted.text;
  // What cannot be written in the language is for `check` to refuse.
  if (!("text" in of)) return text;
  throw new Failure(formatted.diagnostics);
}

/** What kernels may assume: a name that `mom inspect --device` takes. */
export interface ForDevice extends Reading {
  /** `webgpu-default` unless something else is said. */
  readonly device?: string;
}

/**
 * What a spec will cost: parameters, FLOPs a token, bytes, kernels. Needs no GPU.
 * @throws Failure where the spec is wrong
 */
export function inspect(input: SpecInput, options: ForDevice & { readonly batch?: number } = {}): Inspection {
  checkOptions(options, { ...READING, device: DEVICES, batch: undefined });
  const { device = DEFAULT_DEVICE, batch } = options;
  const { spec } = rightSpec(input, options.allow);
  return inspectSpec(spec, trainingOptions(spec, device, batch));
}

export interface CompileResult {
  /** WGSL, by name. */
  readonly kernels: readonly Kernel[];
  /** Buffers, dispatches and what the host writes: all that a run needs besides data. */
  readonly plan: Plan;
}

/**
 * Compiles a spec's training to kernels and a plan. Needs no GPU.
 * @throws Failure where the spec is wrong, or too large for the device
 */
export function compile(input: SpecInput, options: ForDevice = {}): CompileResult {
  checkOptions(options, { ...READING, device: DEVICES });
  const { spec } = rightSpec(input, options.allow);
  const how = trainingOptions(spec, options.device ?? DEFAULT_DEVICE);
  const { plan } = refusingTooLarge(spec, how, () => compileSpec(spec, how));
  return { kernels: plan.kernels, plan };
}

export interface Training extends Reading {
  /** The adapter to train on; the best there is unless one is named. */
  readonly adapter?: AdapterSource;
  readonly tune?: TuneMode;
  /** Leaves out documents whose files are missing or damaged; without it, such data are refused. */
  readonly skipBad?: boolean;
  /** Saves after the step that is being made, and stops. */
  readonly signal?: AbortSignal;
  /** Gets what the command line would print. */
  readonly print?: (text: string) => void;
}

export interface TrainOptions extends Training {
  /** The run's folder; `runs/NAME` unless one is named. */
  readonly out?: string;
  /** Goes on with the run that is there. */
  readonly resume?: boolean;
  readonly onStep?: (progress: ProgressState) => void;
  /** Gets held-out losses by modality. */
  readonly onValidation?: (step: number, losses: Readonly<Record<string, number>>) => void;
}

export interface TrainResult {
  readonly how: "done" | "stopped";
  /** The run's folder, with checkpoints, metrics and report.html. */
  readonly out: string;
  /** Updates that were made. */
  readonly step: number;
  /** The last held-out losses by modality; none where it stopped before the first. */
  readonly losses: Readonly<Record<string, number>> | undefined;
}

/**
 * Trains a spec and leaves a run's folder, as `mom train` does.
 * @throws Failure where the spec, the data or the folder are wrong, or the run diverged
 */
export async function train(input: SpecInput, options: TrainOptions = {}): Promise<TrainResult> {
  checkOptions(options, TRAIN_OPTIONS);
  const { spec, json, folder, reach, file, name } = rightSpec(input, options.allow);
  const { out = `runs/${name}`, resume = false, adapter, tune = DEFAULT_TUNE, signal, print, onStep } = options;
  let step = 0;
  let losses: TrainResult["losses"];
  const told: Told = {
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
  const outcome = await toldTraining(told, (how) => trainSpec({ ...wanted, ...how }));
  if (outcome.kind === "diverged") throw outcome.failure;
  return { how: outcome.kind, out, step, losses };
}

export interface AblateOptions extends Training {
  /** Which `ablate` block, where there are several. */
  readonly name?: string;
  /** The ablation's folder; `runs/FILE-NAME` unless one is named. */
  readonly out?: string;
  /** Processes that train at a time. */
  readonly jobs?: number;
}

export interface AblateResult {
  readonly how: "done" | "stopped";
  /** The ablation's folder, with a run for each variant and the reports. */
  readonly out: string;
  /** The page with the answer. */
  readonly report: string;
  /** How many variants there are in each state. */
  readonly variants: Readonly<Partial<Record<"done" | "failed" | "pending" | "running", number>>>;
}

/**
 * Trains every variant of an ablation and reports, as `mom ablate` does; what is done already is not done again.
 * @param input a spec with `ablate` blocks
 * @throws Failure where the spec is wrong or has no such ablation
 */
export async function ablate(input: SpecInput, options: AblateOptions = {}): Promise<AblateResult> {
  checkOptions(options, ABLATE_OPTIONS);
  const { spec, json, folder: specFolder, reach, file } = rightSpec(input, options.allow);
  const { adapter, tune = DEFAULT_TUNE, signal, print, jobs = 1 } = options;
  const design = chosenDesign(nodeDisk, spec, json, options.name, file, options.allow);
  const out = options.out ?? defaultFolder(file, design.name);
  const dataSetOf = dataSetsIn({ host: nodeHost, folder: specFolder, reach, skipBad: options.skipBad }, (text) =>
    print?.(`${text}\n`),
  );
  const costs = await costsOf(design, printSpec(json), dataSetOf);
  const folder: AblationFolder = { path: out, disk: nodeDisk };
  const { kind, states, report } = await toldAblation({
    file,
    design,
    folder,
    costs,
    jobs,
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

/** What a spec that is no file is called. */
const UNNAMED = "spec.mom";

/** The values that an option may have; undefined where its type says it. */
type Allowed<Options> = { readonly [Name in keyof Required<Options>]: readonly string[] | undefined };

const DEVICES = PROFILES.map(({ name }) => name);
const READING: Allowed<Reading> = { allow: undefined };
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
  onStep: undefined,
  onValidation: undefined,
};
const ABLATE_OPTIONS: Allowed<AblateOptions> = { ...TRAINING, name: undefined, out: undefined, jobs: undefined };

/** Refuses what a program without types may have misspelt. @throws InputError */
function checkOptions<Options extends object>(options: Options, allowed: Allowed<Options>): void {
  const all = new Map<string, readonly string[] | undefined>(Object.entries(allowed));
  for (const [name, value] of Object.entries(options)) {
    if (!all.has(name))
      throw new InputError(
        "bad-option",
        `There is no option ${name}.`,
        suggestion(name, all.keys()) ?? "Leave it out.",
      );
    const values = all.get(name);
    if (values === undefined || value === undefined || values.includes(String(value))) continue;
    throw new InputError(
      "bad-option",
      `The option ${name} cannot be ${JSON.stringify(value)}.`,
      suggestion(String(value), values) ?? "",
    );
  }
}

function checkedOf(input: SpecInput, allow: Reading["allow"]): Checked {
  if (typeof input !== "string" && (typeof input !== "object" || input === null)) {
    throw new InputError(
      "bad-option",
      `${JSON.stringify(input)} is no spec.`,
      "Give a path, { text }, or a spec as an object.",
    );
  }
  return typeof input === "string"
    ? checkFile(nodeDisk, input, { allow })
    : checkText(nodeDisk, "text" in input ? input.text : format(input), UNNAMED, { allow });
}

interface RightSpec {
  readonly spec: CheckedSpec;
  readonly json: Json;
  readonly folder: string;
  readonly reach: Reach;
  /** Where there is no file, one that could be in the working folder. */
  readonly file: string;
  readonly name: string;
}

function rightSpec(input: SpecInput, allow: Reading["allow"]): RightSpec {
  const { spec, json, diagnostics } = checkedOf(input, allow);
  if (spec === undefined || json === undefined) throw new Failure(diagnostics.filter(isError));
  const file = typeof input === "string" ? input : UNNAMED;
  const { basename, dirname, resolve } = nodeDisk.paths;
  const reach = reachOf(nodeDisk, file, allow);
  return {
    spec,
    json,
    file,
    reach,
    folder: dirname(resolve(file)),
    name: basename(file).replace(/\.(?:mom|json)$/, ""),
  };
}
