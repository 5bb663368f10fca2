// The pipeline on one page: a checked spec becomes a plan that a device can run. STAGES says what happens in which order.
import { InputError } from "./diagnostics/input-error.js";
import type { CheckedSpec } from "./front/spec.js";
import { build } from "./ir/builder.js";
import { DEFAULT_CHUNK } from "./ir/chunk.js";
import type { Meaning } from "./ir/meaning.js";
import type { Memory, ParameterField } from "./ir/memory.js";
import type { Kernel, Plan, Profile } from "./ir/plan.js";
import type { Program } from "./ir/program.js";
import { printProgram } from "./ir/program.js";
import { scoped } from "./ir/scope.js";
import { stepBytes } from "./ir/step.js";
import { count } from "./ir/tensor.js";
import { verify } from "./ir/verify.js";
import { draftPhases, type KernelOptions, scratchOf, tablesOf } from "./kernels/drafts.js";
import { type DraftPhase, emit, kernelsIn } from "./kernels/emit.js";
import { type Table, tableSize } from "./kernels/tables.js";
import { allocate, arenaParts } from "./passes/allocate.js";
import { differentiate } from "./passes/differentiate.js";
import { bytesMoved, fuse } from "./passes/fuse.js";
import { type LowerOptions, lower } from "./passes/lower.js";
import { narrow } from "./passes/narrow.js";
import { recompute } from "./passes/recompute.js";
import { lowerUpdate } from "./passes/update.js";

export interface PhaseRequest extends Pick<LowerOptions, "part" | "noise" | "state" | "reset" | "cache"> {
  readonly name: string;
  /** Sequences and positions, where they are not those of the other phases; its fields are then `NAME/…`. */
  readonly batch?: number;
  readonly length?: number;
  /** Whether gradients are made. */
  readonly gradients: boolean;
  /** Fields of the batch whose gradient is a result. */
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

/** A program after a pass, and what the pass did to it. */
export interface Passed {
  readonly pass: PassName;
  readonly program: Program;
  readonly notes: readonly string[];
}

/** What the passes made of one phase. */
export interface StageOutput {
  readonly name: string;
  readonly passes: readonly Passed[];
  /** What runs: the program after the last of them. */
  readonly final: Program;
}

/** The phases of training: gradients of a micro-batch, and validation, where each document is evaluated by itself. */
export const TRAINING_PHASES: readonly PhaseRequest[] = [
  { name: "gradients", part: "model", noise: "drawn", gradients: true },
  { name: "validate", part: "model", noise: "drawn", gradients: false, reset: true },
];

/** What compiles a spec's training for a device that is there: the kernels that it will run, and no others. */
export const trainingOn = ({ train, data }: CheckedSpec, profile: Profile): CompileOptions => ({
  profile,
  batch: train.batch,
  length: data.length,
  phases: TRAINING_PHASES,
  variants: "first",
});

/** Validation alone: the kernels, and so the numbers, of a run in training. */
export const EVALUATION_PHASES: readonly PhaseRequest[] = TRAINING_PHASES.filter(({ name }) => name === "validate");

/** What a pass goes by, besides the program. */
interface PassOptions {
  readonly spec: CheckedSpec;
  readonly request: PhaseRequest;
  readonly size: { readonly batch: number; readonly length: number; readonly chunk: number };
  /** Whether the phase has a batch or length of its own, and so fields of its own. */
  readonly scoped: boolean;
  readonly fuse: boolean;
  /** What is sampled or traced block by block is computed in f32, from the same weights. */
  readonly halves: boolean;
  readonly storageBuffers: number;
}

interface Pass {
  readonly says: string;
  /** The program after it, and what it did; undefined where it has nothing to do. */
  readonly run: (program: Program, options: PassOptions) => Omit<Passed, "pass"> | undefined;
}

const EMPTY: Program = build("empty", { batch: 1, length: 1, chunk: 1, modalities: 0 }).program();

/** From a checked spec to the program that runs, in order. `verify` follows each of them. */
const PASSES = {
  lower: {
    says: "the checked spec becomes ops, forward only",
    run: (_, { spec, request, size, scoped: own }) => {
      const { name, part, noise, state, reset, cache } = request;
      const program = lower(spec, { ...size, part, noise, state, reset, cache });
      return { program: own ? scoped(program, name) : program, notes: [] };
    },
  },
  differentiate: {
    says: "ops that make the gradients are appended, in reverse order",
    run: (program, { request }) =>
      request.gradients ? { program: differentiate(program, request.wanted), notes: [] } : undefined,
  },
  fuse: {
    says: "fewer dispatches and bytes for the same numbers",
    run: (program, { fuse: wanted, storageBuffers, halves }) => {
      if (!wanted) return undefined;
      const fused = fuse(program, { storageBuffers, halves });
      return {
        program: fused.program,
        notes: fused.applied.map(({ name, says, times }) => `${name} × ${times}: ${says}`),
      };
    },
  },
  narrow: {
    says: "with `precision: f16`, what moves between kernels becomes half precision",
    run: (program, { halves }) => {
      if (!halves) return undefined;
      const made = narrow(program);
      const times = made.tensors.filter(({ type }) => type === "f16").length;
      return { program: made, notes: [`${times} tensors in half precision`] };
    },
  },
  recompute: {
    says: "the backward pass makes activations again instead of keeping them, as `train.recompute` asks",
    run: (program, { spec, request }) => {
      if (!request.gradients) return undefined;
      const made = recompute(program, spec.train.recompute);
      const again = made.ops.length - program.ops.length;
      return again === 0 ? undefined : { program: made, notes: [`${again} ops run again`] };
    },
  },
} as const satisfies Readonly<Record<string, Pass>>;
export type PassName = keyof typeof PASSES;

/** Everything from a file to what a device runs, in order: the stages that `--dump` can print, and what each does. */
export const STAGES = {
  read: "the spec and the files that it imports become one syntax tree",
  check: "names, types, ranges and sizes are checked, and defaults filled in",
  ...says(PASSES),
  allocate: "every tensor gets its place in a buffer; buffers are used again once their contents are no longer needed",
  emit: "each op gets its kernels as WGSL",
} as const;
export type Stage = keyof typeof STAGES;

function says<Name extends string>(passes: Readonly<Record<Name, Pass>>): Readonly<Record<Name, string>> {
  const entries = Object.entries<Pass>(passes).map(([name, pass]) => [name, pass.says]);
  return Object.fromEntries(entries) as Record<Name, string>;
}

function stagesOf(spec: CheckedSpec, request: PhaseRequest, options: CompileOptions): StageOutput {
  const { profile } = options;
  const { batch = options.batch, length = options.length } = request;
  const halves = spec.train.precision === "f16" && request.part === "model";
  if (halves && !profile.f16) throw noHalves(profile.name);
  const told: PassOptions = {
    spec,
    request,
    size: { batch, length, chunk: Math.min(options.chunk ?? DEFAULT_CHUNK, length) },
    scoped: batch !== options.batch || length !== options.length,
    fuse: options.fuse !== false,
    halves,
    storageBuffers: profile.limits.storageBuffers,
  };
  let final = EMPTY;
  const passes = Object.entries<Pass>(PASSES).map(([pass, { run }]): Passed => {
    const made = run(final, told);
    if (made) final = verify(made.program);
    return { pass: pass as PassName, program: final, notes: made?.notes ?? [] };
  });
  return { name: request.name, passes, final };
}

/** The program of a phase after one of the passes. */
export function programAfter({ passes }: StageOutput, name: PassName): Program {
  const found = passes.find(({ pass }) => pass === name);
  if (!found) throw new Error(`no pass is called ${name}`);
  return found.program;
}

const noHalves = (device: string): InputError =>
  new InputError(
    "no-f16",
    `The spec asks for precision f16, and ${device} has no 16-bit floats.`,
    "Take another device (mom doctor tells what each offers), or write `precision: f32`.",
  );

/** Chooses kernels for programs, plans their memory and emits them. */
export function assemble(
  programs: readonly Program[],
  options: KernelOptions,
): Pick<Compiled, "plan" | "parameters" | "tables"> {
  const { drafts, tables, memory } = laidOut(programs, options);
  return { plan: emit(memory, drafts), parameters: memory.parameters, tables };
}

/** Kernels as drafts, and where everything lives. */
function laidOut(
  programs: readonly Program[],
  options: KernelOptions,
): { drafts: readonly DraftPhase[]; tables: readonly Table[]; memory: Memory } {
  const drafts = draftPhases(programs, arenaParts(programs, options.profile), options);
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

/** What a compiled model takes and runs. */
export interface Footprint {
  readonly memory: Memory;
  readonly kernels: readonly Kernel[];
  /** Dispatches of each phase, by the first variant that the profile admits. */
  readonly phases: readonly { readonly phase: string; readonly dispatches: number }[];
}

/**
 * The footprint of what `compile` makes, found without binding its buffers.
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
 * The memory that a compiled model takes, found without writing its kernels.
 * @throws TooLarge as `compile` does
 */
export function memoryOf(stages: readonly StageOutput[], options: CompileOptions): Memory {
  return laidOut(finals(stages), options).memory;
}

/** The programs that run, by the names of their phases. */
const finals = (stages: readonly StageOutput[]): Program[] => stages.map(({ name, final }) => ({ ...final, name }));

const trains = ({ phases }: CompileOptions): boolean => phases.some((request) => request.gradients);

/** What needs no memory plan: the programs of all phases; where one of them makes gradients, the update follows. */
export function programsOf(spec: CheckedSpec, options: CompileOptions): StageOutput[] {
  const phases = options.phases.map((request) => stagesOf(spec, request, options));
  return trains(options) ? [...phases, updateStage(spec, phases, options)] : phases;
}

/** The update has nothing to differentiate or to fuse: it is what lowering its optimizer makes. */
function updateStage(spec: CheckedSpec, phases: readonly StageOutput[], options: CompileOptions): StageOutput {
  const { batch, length, chunk = DEFAULT_CHUNK } = options;
  const size = { batch, length, chunk: Math.min(chunk, length), modalities: spec.model.modalities.length };
  const program = verify(lowerUpdate(spec.train.optimizer, finals(phases), size));
  const passes = Object.keys(PASSES).map((pass): Passed => ({ pass: pass as PassName, program, notes: [] }));
  return { name: program.name, passes, final: program };
}

/** Numbers in all tensors that are trained. */
export function countParameters(spec: CheckedSpec): number {
  const { length } = spec.data;
  const { parameters } = lower(spec, { batch: 1, length, chunk: length, part: "model", noise: "drawn" });
  return parameters.reduce((sum, { shape, names }) => sum + names.length * count(shape), 0);
}

/** @throws TooLarge where the profile's devices cannot hold what a kernel binds in one piece */
export function compile(spec: CheckedSpec, options: CompileOptions): Compiled {
  return planned(programsOf(spec, options), options);
}

/** Compiles what `programsOf` made. */
export function planned(stages: readonly StageOutput[], options: CompileOptions): Compiled {
  return {
    ...assemble(finals(stages), options),
    batch: options.batch,
    length: options.length,
    chunk: Math.min(options.chunk ?? DEFAULT_CHUNK, options.length),
    stages,
  };
}

/** What the allocation or the kernels of a compiled model are, as text. */
export function dump({ plan }: Compiled, stage: "allocate" | "emit"): string {
  if (stage === "emit") return plan.kernels.map(({ name, source }) => `// ${name}\n${source}`).join("\n");
  const lines = plan.buffers.map(({ name, role, bytes }) => `  ${name} (${role}): ${bytes} bytes`);
  const total = plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
  return [`${plan.buffers.length} buffers, ${total} bytes`, ...lines, ""].join("\n");
}

/** The programs after a pass, as text: how many ops and bytes it left of how many, and what it did. */
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
