// The pipeline on one page: a checked spec becomes a plan that a device can run.
//   lower → differentiate → fuse → recompute → plan → emit
import { InputError } from "./diagnostics/input-error.js";
import type { CheckedSpec } from "./front/spec.js";
import { DEFAULT_CHUNK } from "./ir/chunk.js";
import { LOSS_SCALE } from "./ir/loss-scale.js";
import type { Memory, ParameterField } from "./ir/memory.js";
import { admits, type Choices, type Kernel, type Plan, type Profile } from "./ir/plan.js";
import { printProgram } from "./ir/print.js";
import type { Program } from "./ir/program.js";
import { scoped } from "./ir/scope.js";
import { count } from "./ir/tensor.js";
import { verify } from "./ir/verify.js";
import { type DraftChoice, type KernelSettings, settingsFor } from "./kernels/draft.js";
import { type DraftPhase, emit, kernelsIn } from "./kernels/emit.js";
import { realise } from "./kernels/realise.js";
import { sharedDrafts } from "./kernels/shared-drafts.js";
import { STEP_BYTES } from "./kernels/step.js";
import { type Table, tableName, tableSize } from "./kernels/tables.js";
import { updateKernels } from "./kernels/update.js";
import { differentiate } from "./passes/differentiate.js";
import { bytesMoved, type Fused, fuse } from "./passes/fuse.js";
import { type LowerOptions, lower } from "./passes/lower.js";
import { narrow } from "./passes/narrow.js";
import { arenaParts, plan } from "./passes/plan.js";
import { recompute } from "./passes/recompute.js";

export interface PhaseRequest extends Pick<LowerOptions, "part" | "noise" | "state" | "reset" | "cache"> {
  readonly name: string;
  /** Sequences and positions, where they are not those of the other phases; its fields are then `NAME/…`. */
  readonly batch?: number;
  readonly length?: number;
  /** Whether gradients are made. */
  readonly gradients: boolean;
  /** Tensors whose gradient is a result. */
  readonly wanted?: readonly string[];
}

export interface CompileOptions {
  readonly profile: Profile;
  readonly batch: number;
  readonly length: number;
  readonly chunk?: number;
  readonly phases: readonly PhaseRequest[];
  /** Only the variant that a device of this profile would run, or all that it admits. */
  readonly variants: "first" | "all";
  /** Forces a variant by name wherever an op has it. */
  readonly force?: string;
  /** The variants that these nodes take, where the profile admits them. */
  readonly choices?: Choices | undefined;
  readonly fuse?: boolean;
  readonly settings?: KernelSettings;
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

/** What the stages made of one phase. */
export interface StageOutput {
  readonly name: string;
  readonly lowered: Program;
  readonly differentiated: Program;
  readonly fused: Fused;
  /** What runs: the fused program, with what its backward pass makes again. */
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

function stagesOf(spec: CheckedSpec, request: PhaseRequest, options: CompileOptions): StageOutput {
  const { profile } = options;
  const { name, part, noise, state, reset, cache, batch = options.batch, length = options.length } = request;
  const chunk = Math.min(options.chunk ?? DEFAULT_CHUNK, length);
  const shared = batch === options.batch && length === options.length;
  const program = lower(spec, { batch, length, chunk, part, noise, state, reset, cache });
  const lowered = verify(shared ? program : scoped(program, name));
  const differentiated = request.gradients ? verify(differentiate(lowered, request.wanted)) : lowered;
  // What is sampled or traced block by block is computed in f32, from the same weights.
  const halves = spec.train.precision === "f16" && part === "model";
  if (halves && !profile.f16) throw noHalves(profile.name);
  const joined =
    options.fuse === false
      ? { program: differentiated, applied: [] }
      : fuse(differentiated, { storageBuffers: profile.limits.storageBuffers, halves });
  const fused = halves ? narrowed(joined) : joined;
  verify(fused.program);
  const again = request.gradients ? recompute(fused.program, spec.train.recompute) : fused.program;
  const final = again === fused.program ? again : verify(again);
  return { name, lowered, differentiated, fused, final };
}

const noHalves = (device: string): InputError =>
  new InputError(
    `The spec asks for precision f16, and ${device} has no 16-bit floats.`,
    "Take another device (mom doctor tells what each offers), or write `precision: f32`.",
  );

function narrowed({ program, applied }: Fused): Fused {
  const made = narrow(program);
  const times = made.tensors.filter(({ type }) => type === "f16").length;
  const says = "tensors between kernels, and what products multiply, in half precision";
  return { program: made, applied: [...applied, { name: "halves", says, times }] };
}

function choose(choices: readonly DraftChoice[], key: string, label: string, options: KernelOptions): DraftChoice[] {
  const { profile, force, variants, choices: chosen = {} } = options;
  const admitted = choices.filter(({ requires, variant }) => admits(profile, requires) || variant === force);
  const wanted =
    admitted.find(({ variant }) => variant === force) ?? admitted.find(({ variant }) => variant === chosen[key]);
  const [first] = admitted;
  if (!first) throw new Error(`no kernel of ${label} runs on ${profile.name}`);
  if (wanted) return [wanted];
  return variants === "first" ? [first] : admitted;
}

/** Most bytes that any of the choices wants in each scratch slot. */
function scratchOf(choices: readonly DraftChoice[]): number[] {
  const slots = Math.max(...choices.map((c) => c.scratch.length));
  return Array.from({ length: slots }, (_, slot) => Math.max(...choices.map((c) => c.scratch[slot] ?? 0)));
}

function tablesOf(phases: readonly DraftPhase[]): Map<string, Table> {
  const tables = new Map<string, Table>();
  const drafts = new Set(phases.flatMap(({ nodes }) => nodes.map(({ choices }) => choices)));
  const bindings = [...drafts].flatMap((choices) => choices.flatMap((c) => c.dispatches.flatMap((d) => d.bindings)));
  for (const { target } of bindings) if (target.kind === "table") tables.set(tableName(target.table), target.table);
  return tables;
}

/** The phase that clips and updates: the same for every model. */
function updatePhase(programs: readonly Program[], profile: Profile): { phase: DraftPhase; bytes: number } {
  let first = 0;
  const parts = arenaParts(programs, profile).map((size) => {
    const part = { first, size };
    first += size;
    return part;
  });
  const bound = (name: string, type: string, field = name) =>
    ({ name, access: "read", type, target: { kind: "field", field } }) as const;
  const scale = programs.some(({ tensors }) => tensors.some(({ name }) => name === LOSS_SCALE.name))
    ? bound("scale", "array<f32>", LOSS_SCALE.name)
    : undefined;
  const { dispatches, scratchBytes } = updateKernels(parts, {
    norm: bound("norm", "array<f32>", "grad_norm"),
    decay: bound("decay", "array<u32>"),
    scale,
  });
  const choice: DraftChoice = { variant: "plain", requires: {}, scratch: [scratchBytes], dispatches };
  const node = { label: "update", op: undefined, key: undefined, choices: [choice] };
  return {
    phase: { name: "update", nodes: [node] },
    bytes: scratchBytes,
  };
}

/** Chooses kernels for programs, plans their memory and emits them; with `training` the update follows. */
export function assemble(
  programs: readonly Program[],
  training: boolean,
  options: KernelOptions,
): Pick<Compiled, "plan" | "parameters" | "tables"> {
  const { drafts, tables, memory } = laidOut(programs, training, options);
  return { plan: emit(memory, drafts), parameters: memory.parameters, tables };
}

type KernelOptions = Pick<CompileOptions, "profile" | "variants" | "force" | "choices" | "settings">;

/** Kernels as drafts, the last phase that of the update, and where everything lives. */
function laidOut(
  programs: readonly Program[],
  training: boolean,
  options: KernelOptions,
): { drafts: readonly DraftPhase[]; tables: readonly Table[]; memory: Memory } {
  const drafts = programs.map((program): DraftPhase => {
    const settings = options.settings ?? settingsFor(options.profile);
    const drafted = sharedDrafts(program, (op, key) => choose(realise(program, op, settings), key, op.kind, options));
    const nodes = program.ops.map((op) => {
      const { key, choices, madeFor } = drafted(op);
      return { label: op.kind, op: { program, op, madeFor }, key, choices };
    });
    return { name: program.name, nodes };
  });
  const tables = tablesOf(drafts);
  const needs = {
    phases: programs.map((program, i) => ({
      program,
      scratch: (drafts[i] as DraftPhase).nodes.map(({ choices }) => scratchOf(choices)),
    })),
    tables: new Map([...tables].map(([name, table]) => [name, tableSize(table)])),
    training,
    stepBytes: STEP_BYTES,
  };
  const update = training ? updatePhase(programs, options.profile) : undefined;
  const memory = plan({ ...needs, ...(update && { updateScratch: update.bytes }) }, options.profile);
  return { drafts: update ? [...drafts, update.phase] : drafts, tables: [...tables.values()], memory };
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
  const { drafts, memory } = laidOut(finals(stages), trains(options), options);
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
  return laidOut(finals(stages), trains(options), options).memory;
}

/** The programs that run, by the names of their phases. */
const finals = (stages: readonly StageOutput[]): Program[] => stages.map(({ name, final }) => ({ ...final, name }));

const trains = ({ phases }: CompileOptions): boolean => phases.some((request) => request.gradients);

/** What needs no memory plan: the programs of all phases. */
export const programsOf = (spec: CheckedSpec, options: CompileOptions): StageOutput[] =>
  options.phases.map((request) => stagesOf(spec, request, options));

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
    ...assemble(finals(stages), trains(options), options),
    batch: options.batch,
    length: options.length,
    chunk: Math.min(options.chunk ?? DEFAULT_CHUNK, options.length),
    stages,
  };
}

export const STAGES = ["lower", "differentiate", "fuse", "recompute", "plan", "emit"] as const;
export type Stage = (typeof STAGES)[number];

/** A stage's result as text, for --dump. */
export function dump(compiled: Compiled, stage: Stage): string {
  const { plan: made, stages } = compiled;
  switch (stage) {
    case "plan": {
      const lines = made.buffers.map(({ name, role, bytes }) => `  ${name} (${role}): ${bytes} bytes`);
      const total = made.buffers.reduce((sum, { bytes }) => sum + bytes, 0);
      return [`${made.buffers.length} buffers, ${total} bytes`, ...lines, ""].join("\n");
    }
    case "emit":
      return made.kernels.map(({ name, source }) => `// ${name}\n${source}`).join("\n");
    default:
      return dumpPrograms(stages, stage);
  }
}

/** The stages before there is a plan. */
export function dumpPrograms(stages: readonly StageOutput[], stage: Exclude<Stage, "plan" | "emit">): string {
  switch (stage) {
    case "lower":
      return stages.map(({ lowered }) => printProgram(lowered)).join("\n");
    case "differentiate":
      return stages.map(({ differentiated }) => printProgram(differentiated)).join("\n");
    case "fuse":
      return stages
        .map(({ differentiated, fused }) => {
          const before = `${differentiated.ops.length} ops, ${bytesMoved(differentiated)} bytes`;
          const after = `${fused.program.ops.length} ops, ${bytesMoved(fused.program)} bytes`;
          const rewrites = fused.applied.map(({ name, says, times }) => `  ${name} × ${times}: ${says}`);
          return [`${before} → ${after}`, ...rewrites, printProgram(fused.program)].join("\n");
        })
        .join("\n");
    case "recompute":
      return stages
        .map(({ fused, final }) => {
          const again = final.ops.length - fused.program.ops.length;
          return [`${again} ops are run again in the backward pass`, printProgram(final)].join("\n");
        })
        .join("\n");
  }
}
