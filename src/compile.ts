// The pipeline on one page: a checked spec becomes a plan that a device can run. STAGES lists the stages in order.
import { InputError } from "./diagnostics/input-error.js";
import type { CheckedSpec } from "./front/spec.js";
import { build } from "./ir/builder.js";
import { DEFAULT_CHUNK } from "./ir/chunk.js";
import type { Meaning } from "./ir/meaning.js";
import type { Memory, ParameterField } from "./ir/memory.js";
import type { Kernel, Plan, Profile } from "./ir/plan.js";
import type { Arena, Program } from "./ir/program.js";
import { printProgram } from "./ir/program.js";
import { scoped } from "./ir/scope.js";
import { stepBytes } from "./ir/step.js";
import { count } from "./ir/tensor.js";
import { verify } from "./ir/verify.js";
import { draftPhases, type KernelOptions, scratchOf, tablesOf } from "./kernels/drafts.js";
import { type DraftPhase, emit, kernelsIn } from "./kernels/emit.js";
import { type Table, tableSize } from "./kernels/tables.js";
import { allocate, arenaRegions } from "./passes/allocate.js";
import { differentiate } from "./passes/differentiate.js";
import { bytesMoved, fuse } from "./passes/fuse.js";
import { type LowerOptions, lower } from "./passes/lower.js";
import { narrow } from "./passes/narrow.js";
import { recompute } from "./passes/recompute.js";
import { arenasOf, lowerUpdate } from "./passes/update.js";

export interface PhaseRequest extends Pick<LowerOptions, "part" | "noise" | "state" | "reset" | "cache" | "run"> {
  readonly name: string;
  /** Sequences and positions, if they differ from those of the other phases. Its fields are then named `NAME/…`. */
  readonly batch?: number;
  readonly length?: number;
  /** Whether the phase computes gradients. */
  readonly gradients: boolean;
  /** Batch fields whose gradient is a result. */
  readonly wanted?: readonly Meaning[];
}

export interface CompileOptions extends KernelOptions {
  readonly batch: number;
  readonly length: number;
  readonly chunk?: number;
  readonly phases: readonly PhaseRequest[];
  readonly fuse?: boolean;
}

export interface Compiled {
  readonly plan: Plan;
  readonly parameters: readonly ParameterField[];
  readonly tables: readonly Table[];
  readonly batch: number;
  readonly length: number;
  readonly chunk: number;
  readonly stages: readonly StageOutput[];
}

/** A program after a pass, with notes on what the pass did. */
export interface Passed {
  readonly pass: PassName;
  readonly program: Program;
  readonly notes: readonly string[];
}

/** A phase after each pass. */
export interface StageOutput {
  readonly name: string;
  readonly passes: readonly Passed[];
  /** The program that runs: the output of the last pass. */
  readonly final: Program;
}

/** The phases of training: gradients of a micro-batch, and validation, which evaluates each document separately. */
export const TRAINING_PHASES: readonly PhaseRequest[] = [
  { name: "gradients", part: "model", noise: "drawn", gradients: true },
  { name: "validate", part: "model", noise: "drawn", gradients: false, reset: true },
];

/** The options that compile training for one device: only the kernels that it will run. */
export const trainingOn = ({ train, data }: CheckedSpec, profile: Profile): CompileOptions => ({
  profile,
  batch: train.batch,
  length: data.length,
  phases: TRAINING_PHASES,
  variants: "first",
});

/** Validation alone. It runs the same kernels as a training run, so it gives the same numbers. */
export const EVALUATION_PHASES: readonly PhaseRequest[] = TRAINING_PHASES.filter(({ name }) => name === "validate");

/** The inputs of a pass besides the program. */
interface PassOptions {
  readonly spec: CheckedSpec;
  readonly request: PhaseRequest;
  readonly size: { readonly batch: number; readonly length: number; readonly chunk: number };
  /** Whether the phase has its own batch or length, and so its own fields. */
  readonly scoped: boolean;
  readonly fuse: boolean;
  /** Sampling, and tracing block by block, compute in f32 from the same weights. */
  readonly f16: boolean;
  readonly storageBuffers: number;
}

interface Pass {
  readonly description: string;
  /** The program after the pass and notes on what it did; undefined if the pass does not apply. */
  readonly run: (program: Program, options: PassOptions) => Omit<Passed, "pass"> | undefined;
}

const EMPTY: Program = build("empty", { batch: 1, length: 1, chunk: 1, modalities: 0 }).program();

/** The passes from a checked spec to the program that runs, in order. `verify` follows each of them. */
const PASSES = {
  lower: {
    description: "the checked spec becomes ops, forward only",
    run: (_, { spec, request, size, scoped: own }) => {
      const { name, part, noise, state, reset, cache, run } = request;
      const program = lower(spec, { ...size, part, noise, state, reset, cache, run });
      return { program: own ? scoped(program, name) : program, notes: [] };
    },
  },
  differentiate: {
    description: "ops that make the gradients are appended, in reverse order",
    run: (program, { request }) =>
      request.gradients ? { program: differentiate(program, request.wanted), notes: [] } : undefined,
  },
  fuse: {
    description: "fewer dispatches and bytes for the same numbers",
    run: (program, { fuse: wanted, storageBuffers, f16 }) => {
      if (!wanted) return undefined;
      const fused = fuse(program, { storageBuffers, f16 });
      return {
        program: fused.program,
        notes: fused.applied.map(({ name, description, times }) => `${name} × ${times}: ${description}`),
      };
    },
  },
  narrow: {
    description: "with `precision: f16`, what moves between kernels becomes half precision",
    run: (program, { f16 }) => {
      if (!f16) return undefined;
      const made = narrow(program);
      const times = made.tensors.filter(({ type }) => type === "f16").length;
      return { program: made, notes: [`${times} tensors in half precision`] };
    },
  },
  recompute: {
    description: "the backward pass recomputes activations instead of keeping them, as `train.recompute` sets",
    run: (program, { spec, request }) => {
      if (!request.gradients) return undefined;
      const made = recompute(program, spec.train.recompute);
      const again = made.ops.length - program.ops.length;
      return again === 0 ? undefined : { program: made, notes: [`${again} recomputed ops`] };
    },
  },
} as const satisfies Readonly<Record<string, Pass>>;
export type PassName = keyof typeof PASSES;

/** The stages from a file to a program on a device, in order. `--dump` can print each of them. */
export const STAGES = {
  read: "the spec and the files that it imports become one syntax tree",
  check: "names, types, ranges and sizes are checked, and defaults filled in",
  ...descriptions(PASSES),
  allocate: "every tensor gets a place in a buffer; buffers are reused once their contents are no longer needed",
  emit: "each op gets its kernels as WGSL",
} as const;
export type Stage = keyof typeof STAGES;

function descriptions<Name extends string>(passes: Readonly<Record<Name, Pass>>): Readonly<Record<Name, string>> {
  const entries = Object.entries<Pass>(passes).map(([name, pass]) => [name, pass.description]);
  return Object.fromEntries(entries) as Record<Name, string>;
}

function stagesOf(spec: CheckedSpec, request: PhaseRequest, options: CompileOptions): StageOutput {
  const { profile } = options;
  const { batch = options.batch, length = options.length } = request;
  const f16 = spec.train.precision === "f16" && request.part === "model";
  if (f16 && !profile.f16) throw noF16(profile.name);
  const passOptions: PassOptions = {
    spec,
    request,
    size: { batch, length, chunk: Math.min(options.chunk ?? DEFAULT_CHUNK, length) },
    scoped: batch !== options.batch || length !== options.length,
    fuse: options.fuse !== false,
    f16,
    storageBuffers: profile.limits.storageBuffers,
  };
  let final = EMPTY;
  const passes = Object.entries<Pass>(PASSES).map(([pass, { run }]): Passed => {
    const made = run(final, passOptions);
    if (made) final = verify(made.program);
    return { pass: pass as PassName, program: final, notes: made?.notes ?? [] };
  });
  return { name: request.name, passes, final };
}

/** The program of a phase after the named pass. */
export function programAfter({ passes }: StageOutput, name: PassName): Program {
  const found = passes.find(({ pass }) => pass === name);
  if (!found) throw new Error(`no pass is called ${name}`);
  return found.program;
}

const noF16 = (device: string): InputError =>
  new InputError(
    "no-f16",
    `The spec sets \`precision: f16\`, but ${device} has no 16-bit floats.`,
    "Use another device (`mom doctor` shows what each supports), or set `precision: f32`.",
  );

/** Selects kernels for programs, plans their memory and emits them. */
export function assemble(
  programs: readonly Program[],
  options: KernelOptions,
): Pick<Compiled, "plan" | "parameters" | "tables"> {
  const { drafts, tables, memory } = laidOut(programs, options);
  return { plan: emit(memory, drafts), parameters: memory.parameters, tables };
}

/** The kernels as drafts, and the memory plan. */
function laidOut(
  programs: readonly Program[],
  options: KernelOptions,
): { drafts: readonly DraftPhase[]; tables: readonly Table[]; memory: Memory } {
  const drafts = draftPhases(programs, arenaRegions(programs, options.profile), options);
  const tables = tablesOf(drafts);
  const needs = {
    phases: programs.map((program, i) => ({
      program,
      scratch: (drafts[i] as DraftPhase).nodes.map(({ choices }) => scratchOf(choices)),
    })),
    tables: new Map([...tables].map(([name, table]) => [name, tableSize(table)])),
    stepBytes: Math.max(...programs.map(stepBytes)),
  };
  return { drafts, tables: [...tables.values()], memory: allocate(needs, options.profile) };
}

/** The memory and the kernels of a compiled model. */
export interface Footprint {
  readonly memory: Memory;
  readonly kernels: readonly Kernel[];
  /** The dispatches of each phase, with the first variant that the profile admits. */
  readonly phases: readonly { readonly phase: string; readonly dispatches: number }[];
}

/**
 * The footprint of the result of `compile`, without binding its buffers.
 * @throws TooLarge as `compile` does
 */
export function footprintOf(stages: readonly StageOutput[], options: CompileOptions): Footprint {
  const { drafts, memory } = laidOut(finals(stages), options);
  const phases = drafts.map(({ name, nodes }) => ({
    phase: name,
    dispatches: nodes.reduce((sum, { choices }) => sum + (choices[0]?.dispatches.length ?? 0), 0),
  }));
  return { memory, kernels: kernelsIn(drafts), phases };
}

/**
 * The memory of a compiled model, without emitting its kernels.
 * @throws TooLarge as `compile` does
 */
export function memoryOf(stages: readonly StageOutput[], options: CompileOptions): Memory {
  return laidOut(finals(stages), options).memory;
}

/** The programs that run, named after their phases. */
const finals = (stages: readonly StageOutput[]): Program[] => stages.map(({ name, final }) => ({ ...final, name }));

const trains = ({ phases }: CompileOptions): boolean => phases.some((request) => request.gradients);

/** The programs of all phases, then the update if one of them computes gradients. Needs no memory plan. */
export function programsOf(spec: CheckedSpec, options: CompileOptions): StageOutput[] {
  const phases = options.phases.map((request) => stagesOf(spec, request, options));
  return trains(options) ? [...phases, updateStage(spec, phases, options)] : phases;
}

/** Only lowering applies to the update: there is nothing to differentiate or fuse. */
function updateStage(spec: CheckedSpec, phases: readonly StageOutput[], options: CompileOptions): StageOutput {
  const { batch, length, chunk = DEFAULT_CHUNK } = options;
  const size = { batch, length, chunk: Math.min(chunk, length), modalities: spec.model.modalities.length };
  const program = verify(lowerUpdate(spec.train.optimizer, finals(phases), size));
  const passes = Object.keys(PASSES).map((pass): Passed => ({ pass: pass as PassName, program, notes: [] }));
  return { name: program.name, passes, final: program };
}

/** The forward pass of training with its losses. In an evaluation, each document starts from an empty state. */
export function forwardOf(spec: CheckedSpec): Program {
  const { length } = spec.data;
  return lower(spec, {
    ...{ batch: spec.train.batch, length, chunk: Math.min(DEFAULT_CHUNK, length) },
    ...{ part: "model", noise: "drawn", reset: true },
  });
}

/** The parameters of the forward pass by what the spec's optimizer stores of each. */
export const optimizerArenas = ({ train }: CheckedSpec, program: Program): readonly Arena[] =>
  arenasOf(train.optimizer, program);

/** The number of trained numbers. */
export function countParameters(spec: CheckedSpec): number {
  const { length } = spec.data;
  const { parameters } = lower(spec, { batch: 1, length, chunk: length, part: "model", noise: "drawn" });
  return parameters.reduce((sum, { shape, names }) => sum + names.length * count(shape), 0);
}

/** @throws TooLarge if the profile's devices cannot hold a kernel's binding in one piece */
export function compile(spec: CheckedSpec, options: CompileOptions): Compiled {
  return planned(programsOf(spec, options), options);
}

/** Compiles the output of `programsOf`. */
export function planned(stages: readonly StageOutput[], options: CompileOptions): Compiled {
  return {
    ...assemble(finals(stages), options),
    batch: options.batch,
    length: options.length,
    chunk: Math.min(options.chunk ?? DEFAULT_CHUNK, options.length),
    stages,
  };
}

/** The memory plan or the kernels of a compiled model, as text. */
export function dump({ plan }: Compiled, stage: "allocate" | "emit"): string {
  if (stage === "emit") return plan.kernels.map(({ name, source }) => `// ${name}\n${source}`).join("\n");
  const lines = plan.buffers.map(({ name, role, bytes }) => `  ${name} (${role}): ${bytes} bytes`);
  const total = plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  return [`${plan.buffers.length} buffers, ${total} bytes`, ...lines, ""].join("\n");
}

/** The programs after a pass, as text: their ops and bytes before and after, and the pass's notes. */
export function dumpPass(stages: readonly StageOutput[], name: PassName): string {
  const size = (program: Program): string => `${program.ops.length} ops, ${bytesMoved(program)} bytes`;
  const texts = stages.map(({ passes }) => {
    const at = passes.findIndex(({ pass }) => pass === name);
    const { program, notes } = passes[at] as Passed;
    const before = passes[at - 1]?.program;
    const change = before ? [`${size(before)} → ${size(program)}`] : [];
    return [...change, ...notes.map((note) => `  ${note}`), printProgram(program)].join("\n");
  });
  return texts.join("\n");
}
