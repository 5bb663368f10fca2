// Finds whether and how a spec fits into an amount of memory, by planning it with other batches and lengths.

import type { createColors } from "picocolors";
import { type CompileOptions, memoryOf, programsOf } from "../compile.js";
import type { CheckedSpec } from "../front/spec.js";
import type { Memory } from "../ir/memory.js";
import { type Piece, TooLarge } from "../ir/too-large.js";
import { positionsOfItem } from "../modalities/modality.fields.js";
import { boundless, type Inspection, usedBy } from "./inspection.js";
import { size } from "./inspection-text.js";

/** A micro-batch that fits, and the gradient accumulation that keeps the sequences per step. */
export interface Fitting {
  readonly batch: number;
  readonly accumulate: number;
  readonly length: number;
  readonly bytes: number;
}

export interface Fit {
  readonly budget: number;
  /** The bytes with the spec's batch and length. */
  readonly bytes: number;
  readonly fits: boolean;
  /** Whether a device of the profile can bind every buffer, regardless of the memory. */
  readonly binds: boolean;
  /** The largest uses of memory, largest first. */
  readonly most: readonly Piece[];
  /** Bytes that do not depend on batch and length: parameters, gradients and the optimizer's state. */
  readonly weights: number;
  /** The largest micro-batch that fits at the spec's length. */
  readonly largest: number | undefined;
  /** A change that fits; undefined if no batch and length fit. */
  readonly instead: Fitting | undefined;
  /** Bytes with `recompute: block`, if the spec does not have it and fits only with it. */
  readonly recomputed: number | undefined;
}

/** The largest batch that a spec can have. */
const BATCHES = 65_536;
const ARENAS = ["parameters", "gradients", "optimizer"] as const;

interface Planned {
  readonly memory: Memory;
  readonly bytes: number;
  /** Whether a device of the profile can bind every buffer. */
  readonly binds: boolean;
}

function planAt(spec: CheckedSpec, options: CompileOptions): Planned {
  const stages = programsOf(spec, options);
  const found = (profile: CompileOptions["profile"], binds: boolean): Planned => {
    const memory = memoryOf(stages, { ...options, profile });
    return { memory, bytes: usedBy(memory.buffers).total, binds };
  };
  try {
    return found(options.profile, true);
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return found(boundless(options.profile), false);
  }
}

/** The plan for a size. */
interface Tried {
  readonly size: number;
  readonly bytes: number;
}

/**
 * The largest size in [low, high) that fits. Assumes that the bytes grow about linearly.
 * @param low a size that fits; sizes from `high` do not fit or are not wanted
 */
function largestFitting(low: Tried, high: number, budget: number, at: (size: number) => Planned): Tried {
  let best = low;
  let end = high;
  let slope = low.bytes / low.size;
  while (best.size + 1 < end) {
    const ahead = Math.floor((budget - best.bytes) / Math.max(slope, 1));
    const size = Math.min(end - 1, best.size + Math.max(1, ahead));
    const { bytes, binds } = at(size);
    slope = Math.max(1, (bytes - best.bytes) / (size - best.size));
    if (binds && bytes <= budget) best = { size, bytes };
    else end = binds ? size : Math.min(size, Math.ceil((best.size + size) / 2) + 1);
  }
  return best;
}

/** Whether and how a spec fits into `budget` bytes on devices of the profile. */
export function fitInto(spec: CheckedSpec, options: CompileOptions, budget: number): Fit {
  const { batch, length } = options;
  const fitting = ({ bytes, binds }: Planned): boolean => binds && bytes <= budget;
  const planned = planAt(spec, options);
  const { roles } = usedBy(planned.memory.buffers);
  const weights = roles.reduce((sum, { role, bytes }) => sum + (ARENAS.some((one) => one === role) ? bytes : 0), 0);
  const { bytes, binds, memory } = planned;
  const block = { ...spec, train: { ...spec.train, recompute: "block" as const } };
  const less = fitting(planned) || spec.train.recompute === "block" ? undefined : planAt(block, options);
  const recomputed = less && fitting(less) ? less.bytes : undefined;
  const common = { budget, bytes, fits: fitting(planned), binds, most: mostOf(memory), weights, recomputed };
  const atBatch = (size: number): Planned => planAt(spec, { ...options, batch: size });
  if (common.fits) {
    const largest = largestFitting({ size: batch, bytes: planned.bytes }, BATCHES + 1, budget, atBatch).size;
    return { ...common, largest, instead: undefined };
  }
  const sequences = batch * spec.train.accumulate;
  const one = batch === 1 ? planned : atBatch(1);
  if (fitting(one)) {
    const largest = largestFitting({ size: 1, bytes: one.bytes }, batch, budget, atBatch).size;
    const even = divisorUpTo(sequences, largest);
    const instead = { batch: even, accumulate: sequences / even, length, bytes: atBatch(even).bytes };
    return { ...common, largest, instead };
  }
  const atLength = (size: number): Planned => planAt(spec, { ...options, batch: 1, length: size });
  const shortest = shortestLength(spec);
  const least = shortest < length ? atLength(shortest) : one;
  if (!fitting(least)) return { ...common, largest: undefined, instead: undefined };
  const found = largestFitting({ size: shortest, bytes: least.bytes }, length, budget, atLength);
  const instead = { batch: 1, accumulate: sequences, length: found.size, bytes: found.bytes };
  return { ...common, largest: undefined, instead };
}

/** A sequence must have room for a complete item and its markers. */
const shortestLength = ({ model }: CheckedSpec): number =>
  Math.max(2, ...model.modalities.map((modality) => positionsOfItem(modality) + 2));

function divisorUpTo(planned: number, most: number): number {
  let size = Math.min(planned, most);
  while (planned % size !== 0) size--;
  return size;
}

/** Classes of memory. The workspace is split by the purpose of its buffers, summed over all layers. */
function mostOf({ buffers, slots }: Memory): Piece[] {
  const sums = new Map<string, { bytes: number; count: number }>();
  const add = (what: string, bytes: number): void => {
    const known = sums.get(what) ?? { bytes: 0, count: 0 };
    sums.set(what, { bytes: known.bytes + bytes, count: known.count + 1 });
  };
  for (const { role, bytes } of usedBy(buffers).roles) if (role !== "workspace") add(role, bytes);
  for (const { what, bytes } of slots) add(what.replace(/^layers\.\d+\./, ""), bytes);
  return [...sums]
    .map(([what, { bytes, count }]) => ({ what: count > 1 ? `${what} (${count} ×)` : what, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, 5);
}

type Colours = ReturnType<typeof createColors>;

export function fitText(
  fit: Fit,
  { profile, batch, accumulate, length }: Pick<Inspection, "profile" | "batch" | "accumulate" | "length">,
  c: Colours,
): string {
  const { budget, bytes, fits, binds, most, weights, largest, instead, recomputed } = fit;
  const of = `batch ${batch}, length ${length} on ${profile}`;
  const verdict = fits
    ? `${c.green("fits")}: ${of} needs ${size(bytes)}, ${((100 * bytes) / budget).toFixed(0)} %`
    : bytes > budget
      ? `${c.red("does not fit")}: ${of} needs ${size(bytes)}`
      : `${c.red("does not fit")}: ${of} needs ${size(bytes)}, but a buffer is larger than a binding (see Memory)`;
  const lines = [
    `  ${verdict}`,
    `  largest: ${most.map(({ what, bytes: part }) => `${what} ${size(part)}`).join(", ")}`,
  ];
  if (fits && largest !== undefined && largest > batch) lines.push(`  micro-batches of up to ${largest} sequences fit`);
  if (recomputed !== undefined) {
    lines.push(`  ${c.cyan("help")} train { recompute: block } needs ${size(recomputed)} for the same step`);
  }
  if (instead !== undefined) {
    const shorter = instead.length < length ? `, length: ${instead.length}` : "";
    const same = batch * accumulate === 1 ? "the same sequence" : `the same ${batch * accumulate} sequences`;
    lines.push(
      `  ${c.cyan("help")} batch: ${instead.batch}, accumulate: ${instead.accumulate}${shorter} needs ${size(instead.bytes)} for ${same} per step`,
    );
    if (largest !== undefined && largest > instead.batch) {
      lines.push(`  micro-batches of up to ${largest} sequences fit`);
    }
  } else if (!fits && recomputed === undefined) {
    const why =
      weights > budget
        ? `The weights, their gradients and the optimizer's state alone need ${size(weights)}.`
        : "Not even one sequence of the shortest length fits.";
    const remedy = binds ? "Use a smaller model or more memory." : "Use another --device or a smaller model.";
    lines.push(`  ${c.cyan("help")} ${weights > budget || binds ? `${why} ` : ""}${remedy}`);
  }
  return `${[c.bold(`Memory of ${size(budget)}`), ...lines].join("\n")}\n`;
}
