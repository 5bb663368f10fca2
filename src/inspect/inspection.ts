// The costs of a spec: parameters, FLOPs per token, memory, kernels. A pure function; needs no GPU.

import { sizesOf } from "../blocks/block.fields.js";
import {
  type CompileOptions,
  type Footprint,
  footprintOf,
  memoryOf,
  programAfter,
  programsOf,
  type StageOutput,
} from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import { flopsOf } from "../ir/cost.js";
import { inputsOf, type OpKind } from "../ir/op.js";
import { OPS } from "../ir/ops/table.js";
import type { BufferRole, PlannedBuffer, Profile } from "../ir/plan.js";
import { PROFILES } from "../ir/profiles.js";
import type { Program } from "../ir/program.js";
import { type Reach, reachOf } from "../ir/reach.js";
import { count } from "../ir/tensor.js";
import { type Piece, TooLarge } from "../ir/too-large.js";
import { holdsIds, positionsOfItem } from "../modalities/modality.fields.js";
import { partName } from "./part-name.js";

/** Counts of trained numbers: in all copies, and in the one copy of each part that a token uses. */
export interface Counted {
  readonly total: number;
  readonly active: number;
}

export interface ModalityCost {
  readonly modality: string;
  /** Parameters that a token or patch of this modality uses. */
  readonly parameters: number;
  /** FLOPs of one token: forward, and forward with backward. A patch includes its share of its picture's work. */
  readonly forward: number;
  readonly training: number;
  /** FLOPs of one token that the backward pass recomputes because of `recompute`. Not included in `training`. */
  readonly again: number;
}

export interface MemoryUse {
  readonly total: number;
  readonly roles: readonly { readonly role: BufferRole; readonly bytes: number; readonly buffers: number }[];
}

export interface KernelUse {
  readonly count: number;
  readonly families: readonly { readonly family: string; readonly variant: string; readonly kernels: number }[];
  /** Dispatches of each phase, with the first variant that the profile supports. */
  readonly phases: readonly { readonly phase: string; readonly dispatches: number }[];
  /** Dispatches of one step: the gradients of every micro-batch, and the update. */
  readonly step: number;
}

/** The memory of a plan with buffers that are too large for a binding of the profile. */
export interface DoesNotFit extends MemoryUse {
  /** The buffers that are too large, largest first. */
  readonly pieces: readonly Piece[];
  /** The limit of a binding in bytes. */
  readonly limit: number;
  /** The first known profile that is large enough. */
  readonly fits: string | undefined;
}

export interface Inspection {
  readonly profile: string;
  readonly batch: number;
  readonly accumulate: number;
  readonly length: number;
  readonly d_model: number;
  readonly vocabulary: number;
  readonly parameters: Counted & {
    readonly parts: readonly (Counted & { readonly part: string })[];
    readonly layers: readonly (Counted & { readonly block: string; readonly kind: string; readonly layers: number })[];
  };
  readonly modalities: readonly ModalityCost[];
  /** The FLOPs formula of each op in the programs, for one row. */
  readonly formulas: Readonly<Partial<Record<OpKind, string>>>;
  readonly stack: readonly Stretch[];
  readonly memory: MemoryUse | DoesNotFit;
  /** Undefined if the memory does not fit. */
  readonly kernels: KernelUse | undefined;
}

/** Adjacent equal layers. */
export interface Stretch {
  readonly first: number;
  readonly last: number;
  readonly block: string;
  readonly kind: string;
  /** Sizes of the block, and the number of copies of each part that has several. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly copies: Readonly<Record<string, number>>;
}

type Cost = Pick<Inspection, "parameters" | "modalities" | "formulas">;

/** The costs that do not need a memory plan or kernels. */
export const costOf = (spec: CheckedSpec, options: CompileOptions): Cost =>
  costIn(spec, programsOf(spec, options), options);

function costIn(spec: CheckedSpec, stages: readonly StageOutput[], options: CompileOptions): Cost {
  const trained = phaseWith(stages, options, true);
  const { final } = trained;
  const training = programAfter(trained, "narrow");
  const forward = phaseWith(stages, options, false).final;
  const tokens = spec.model.modalities.map(holdsIds);
  const reach = reachOf(forward, tokens);
  const used = new Set(forward.ops.flatMap(inputsOf));
  return {
    parameters: parametersOf(spec, forward, used),
    modalities: modalitiesOf(spec, { forward, training, final, reach, tokens }),
    formulas: formulasOf(training, forward),
  };
}

/** `options.phases` must contain a phase with gradients and one without; the first declares all parameters. */
export function inspect(spec: CheckedSpec, options: CompileOptions): Inspection {
  const stages = programsOf(spec, options);
  const about = {
    profile: options.profile.name,
    batch: options.batch,
    accumulate: spec.train.accumulate,
    length: options.length,
    d_model: spec.model.d_model,
    vocabulary: spec.model.vocabulary.size,
    ...costIn(spec, stages, options),
    stack: stackOf(spec),
  };
  const made = tryPlan(stages, options);
  if (made instanceof TooLarge) {
    const { pieces, limit } = made;
    const use = usedBy(memoryOf(stages, { ...options, profile: boundless(options.profile) }).buffers);
    const memory = { ...use, pieces, limit, fits: profileThatFits(spec, options) };
    return { ...about, memory, kernels: undefined };
  }
  return { ...about, memory: usedBy(made.memory.buffers), kernels: kernelsOf(made, spec.train.accumulate) };
}

function phaseWith(stages: readonly StageOutput[], { phases }: CompileOptions, gradients: boolean): StageOutput {
  const at = phases.findIndex((phase) => phase.gradients === gradients && phase.part === "model");
  const stage = stages[at];
  if (stage === undefined) throw new Error(`there is no phase ${gradients ? "with" : "without"} gradients`);
  return stage;
}

function tryPlan(stages: readonly StageOutput[], options: CompileOptions): Footprint | TooLarge {
  try {
    return footprintOf(stages, options);
  } catch (error) {
    if (error instanceof TooLarge) return error;
    throw error;
  }
}

/** The name of the first known profile whose limits the spec does not exceed. */
export function profileThatFits(spec: CheckedSpec, options: CompileOptions): string | undefined {
  const fits = (profile: Profile): boolean => {
    const asked = { ...options, profile, variants: "first" as const };
    try {
      memoryOf(programsOf(spec, asked), asked);
      return true;
    } catch (error) {
      if (error instanceof TooLarge) return false;
      throw error;
    }
  };
  return PROFILES.find((profile) => profile.name !== options.profile.name && fits(profile))?.name;
}

const sumOf = (all: readonly Counted[]): Counted => ({
  total: all.reduce((sum, { total }) => sum + total, 0),
  active: all.reduce((sum, { active }) => sum + active, 0),
});

function parametersOf(spec: CheckedSpec, { parameters }: Program, used: ReadonlySet<number>): Inspection["parameters"] {
  const counted = parameters.map((parameter) => {
    const copy = count(parameter.shape);
    const active = used.has(parameter.tensor) ? copy : 0;
    return { parameter, total: copy * parameter.names.length, active };
  });
  const byPart = new Map<string, Counted[]>();
  for (const one of counted) {
    const part = partName(one.parameter);
    const known = byPart.get(part);
    if (known) known.push(one);
    else byPart.set(part, [one]);
  }
  const parts = [...byPart].map(([part, all]) => ({ part, ...sumOf(all) }));
  const { blocks, layers } = spec.model;
  const byLayer = blocks.map(({ name, fields }, index) => ({
    block: name,
    kind: fields.kind,
    layers: layers.filter((block) => block === index).length,
    ...sumOf(counted.filter(({ parameter: { layer } }) => layer >= 0 && layers[layer] === index)),
  }));
  return { ...sumOf(counted), parts, layers: byLayer };
}

interface Programs {
  readonly forward: Program;
  readonly training: Program;
  /** The program of training, with recomputation. */
  readonly final: Program;
  readonly reach: readonly Reach[];
  readonly tokens: readonly boolean[];
}

interface OpCost extends Reach {
  readonly flops: number;
}

const costsIn = (program: Program, reach: readonly Reach[]): OpCost[] =>
  program.ops.map((op, i) => ({ ...(reach[i] as Reach), flops: flopsOf(program, op) }));

function modalitiesOf(spec: CheckedSpec, { forward, training, final, reach, tokens }: Programs): ModalityCost[] {
  const once = costsIn(training, reachOf(training, tokens));
  const withAgain = final === training ? once : costsIn(final, reachOf(final, tokens));
  const inForward = costsIn(forward, reach);
  return spec.model.modalities.map((modality, m) => {
    const share = { positions: 1, items: holdsIds(modality) ? 0 : 1 / positionsOfItem(modality) };
    const flops = (costs: readonly OpCost[]): number =>
      costs.reduce((sum, { modalities, over, flops }) => (modalities[m] ? sum + flops * share[over] : sum), 0);
    const met = new Set(forward.ops.flatMap((op, i) => (reach[i]?.modalities[m] ? inputsOf(op) : [])));
    const parameters = forward.parameters
      .filter(({ tensor }) => met.has(tensor))
      .reduce((sum, { shape }) => sum + count(shape), 0);
    return {
      modality: modality.name,
      parameters,
      forward: flops(inForward),
      training: flops(once),
      again: flops(withAgain) - flops(once),
    };
  });
}

function formulasOf(...programs: readonly Program[]): Inspection["formulas"] {
  const kinds = [...new Set(programs.flatMap(({ ops }) => ops.map(({ kind }) => kind)))].sort();
  return Object.fromEntries(kinds.map((kind) => [kind, OPS[kind].formula]));
}

export function stackOf({ model }: CheckedSpec): Stretch[] {
  const stretches: { first: number; last: number; index: number }[] = [];
  model.layers.forEach((index, layer) => {
    const below = stretches.at(-1);
    if (below?.index === index) below.last = layer;
    else stretches.push({ first: layer, last: layer, index });
  });
  return stretches.flatMap(({ first, last, index }) => {
    const block = model.blocks[index];
    if (block === undefined) return [];
    const { kind, parts } = block.fields;
    const copies = Object.entries(parts).flatMap(([part, { groups }]) => (groups > 1 ? [[part, groups] as const] : []));
    const sizes = sizesOf(block.fields, model.d_model);
    return [{ first, last, block: block.name, kind, sizes, copies: Object.fromEntries(copies) }];
  });
}

/** The profile without limits on the sizes of bindings and buffers. */
export const boundless = (profile: Profile): Profile => ({
  ...profile,
  limits: { ...profile.limits, bindingBytes: Number.MAX_SAFE_INTEGER, bufferBytes: Number.MAX_SAFE_INTEGER },
});

export function usedBy(buffers: readonly PlannedBuffer[]): MemoryUse {
  const roles = [...new Set(buffers.map(({ role }) => role))].map((role) => {
    const own = buffers.filter((buffer) => buffer.role === role);
    return { role, bytes: own.reduce((sum, { bytes }) => sum + bytes, 0), buffers: own.length };
  });
  return { total: roles.reduce((sum, { bytes }) => sum + bytes, 0), roles };
}

function kernelsOf({ kernels, phases }: Footprint, accumulate: number): KernelUse {
  const families = new Map<string, { family: string; variant: string; kernels: number }>();
  for (const { name } of kernels) {
    const [family = "", variant = ""] = name.split(".");
    const known = families.get(`${family}.${variant}`) ?? { family, variant, kernels: 0 };
    families.set(`${family}.${variant}`, { ...known, kernels: known.kernels + 1 });
  }
  const of = (asked: string): number => phases.find(({ phase }) => phase === asked)?.dispatches ?? 0;
  return {
    count: kernels.length,
    families: [...families.values()].sort((a, b) => (a.family < b.family ? -1 : a.family > b.family ? 1 : 0)),
    phases,
    step: accumulate * of("gradients") + of("update"),
  };
}
