// Tries the variants of a node: checks which of them are correct, and times those.

import type { HostBatch } from "../batch/host-array.js";
import { median } from "../bench/measure.js";
import { DeviceError } from "../gpu/device-error.js";
import type { Runtime } from "../gpu/runtime.js";
import type { Requirement } from "../ir/plan.js";
import { before } from "./alone.js";
import { givenFor } from "./given.js";
import type { TunableNode } from "./nodes.js";
import { judge, judgeInSmall, type Small } from "./right.js";
import { onStage, phaseOf, type Stage, type Workshop } from "./stage.js";

/** The result of trying a variant. */
export type Finding =
  | { readonly milliseconds: number }
  /** The relative error of its outputs, which is too large; null if they contain NaN. */
  | { readonly error: number | null }
  /** The device refused it, for this reason. */
  | { readonly refused: string };

export interface Verdict {
  readonly variant: string;
  readonly candidates: Readonly<Record<string, Finding>>;
}

/** Times within this fraction of the fastest count as equal. The first of these variants wins, so that choices are stable. */
const TIE = 0.02;

export function winnerOf(candidates: readonly string[], findings: ReadonlyMap<string, Finding>): string | undefined {
  const times = candidates.flatMap((variant) => {
    const found = findings.get(variant);
    return found && "milliseconds" in found ? [{ variant, milliseconds: found.milliseconds }] : [];
  });
  const fastest = Math.min(...times.map(({ milliseconds }) => milliseconds));
  return times.find(({ milliseconds }) => milliseconds <= (1 + TIE) * fastest)?.variant;
}

const COMMON = new Set(["kind", "storageBuffers", "workgroupBytes", "invocations"]);

/** How demanding a variant is. An optional feature counts more than any amount of workgroup memory. */
function demands(requires: Requirement): number {
  const special = Object.entries(requires).filter(([name, value]) => value !== undefined && !COMMON.has(name));
  return 2 ** 32 * special.length + (requires.workgroupBytes ?? 0);
}

/** The variants from the least to the most demanding. Among equals the preferred one is first. */
function byPlainness({ candidates }: TunableNode): string[] {
  return [...candidates].sort((a, b) => demands(a.requires) - demands(b.requires)).map(({ variant }) => variant);
}

export interface Trial {
  readonly workshop: Workshop;
  /** A batch at full size. */
  readonly batch: HostBatch;
  readonly smallOf: (node: TunableNode) => Small | undefined;
}

/** Two correct variants can differ by the sum of their errors. */
const BOTH = { slack: 2 } as const;

const errorAs = (error: number): Finding => ({ error: Number.isFinite(error) ? error : null });

/**
 * Compares the least demanding variant with float64 on few rows, and all others with that one at full size on the same
 * numbers. Times the variants that agree.
 * @returns the verdict, or the reason why correctness cannot be checked
 * @throws DeviceError if no variant is correct or the device fails; TooLarge if the op does not fit on the device
 */
export async function tryNode(trial: Trial, node: TunableNode): Promise<Verdict | string> {
  const { workshop, batch } = trial;
  const small = trial.smallOf(node);
  if (small === undefined) return "it cannot be checked with few rows";
  const findings = new Map<string, Finding>();
  const stage = await acceptedStage(workshop, node, batch, findings);
  try {
    const right = await rightOnes(trial, node, small, stage, findings);
    if (typeof right === "string") return right;
    const { device, profile } = workshop.opened;
    const timing = TIMINGS[profile.kind === "cpu" ? "cpu" : "gpu"];
    const byDevice = device.features.has("timestamp-query");
    const times = await timePhases(stage.runtime, right.map(phaseOf), byDevice, timing);
    right.forEach((variant, i) => {
      findings.set(variant, { milliseconds: times[i] as number });
    });
  } finally {
    stage.runtime.destroy();
  }
  const listed = node.candidates.map(({ variant }) => variant);
  const candidates = Object.fromEntries(listed.map((variant) => [variant, findings.get(variant) as Finding]));
  return { variant: winnerOf(listed, findings) as string, candidates };
}

/** The variants that compute what the op means; what the others do is put down. In words, why that is not known. */
async function rightOnes(
  { workshop }: Trial,
  node: TunableNode,
  small: Small,
  stage: Stage,
  findings: Map<string, Finding>,
): Promise<string[] | string> {
  const run = byPlainness(node).filter((variant) => !findings.has(variant));
  let plainest: string | undefined;
  for (const variant of run) {
    const { error, right } = await judgeInSmall(workshop, small, variant);
    if (right) {
      plainest = variant;
      break;
    }
    findings.set(variant, errorAs(error));
  }
  if (plainest === undefined) throw wrongResults(node, workshop, findings);
  const right = [plainest];
  const expected = await stage.outputs(plainest);
  for (const variant of run) {
    if (variant === plainest || findings.has(variant)) continue;
    const { error, right: agrees } = judge(node, await stage.outputs(variant), expected, BOTH);
    if (agrees) {
      right.push(variant);
      continue;
    }
    // Either of the two may be wrong at full size only.
    if ((await judgeInSmall(workshop, small, variant)).right) {
      return `${plainest} and ${variant} agree with float64 on few rows, but not with each other at full size (${error.toExponential(1)})`;
    }
    findings.set(variant, errorAs(error));
  }
  return right;
}

/** Prepares all variants that the device accepts. Records the device's message for each of the others in `findings`. */
async function acceptedStage(
  workshop: Workshop,
  { program, op, candidates }: TunableNode,
  batch: HostBatch,
  findings: Map<string, Finding>,
): Promise<Stage> {
  const first = before(program, op);
  const given = givenFor(program, op, batch);
  const variants = candidates.map(({ variant }) => variant);
  try {
    return await onStage(workshop, program, op, variants, given, first);
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    const taken: string[] = [];
    for (const variant of variants) {
      try {
        (await onStage(workshop, program, op, [variant], given, first)).runtime.destroy();
        taken.push(variant);
      } catch (refusal) {
        if (!(refusal instanceof DeviceError)) throw refusal;
        findings.set(variant, { refused: refusal.message });
      }
    }
    if (taken.length === 0 || taken.length === variants.length) throw error;
    return await onStage(workshop, program, op, taken, given, first);
  }
}

function wrongResults({ key }: TunableNode, { opened }: Workshop, findings: ReadonlyMap<string, Finding>): DeviceError {
  const off = [...findings].map(([variant, found]) => {
    if ("refused" in found) return `${variant} is refused`;
    const error = "error" in found && found.error !== null ? found.error.toExponential(1) : "NaN";
    return `${variant} is off by ${error}`;
  });
  return new DeviceError(
    `No variant of ${key} computes the correct result on ${opened.description}: ${off.join("; ")}.`,
    "Update the driver, use another adapter (--adapter swiftshader), or train with --tune off.",
  );
}

interface Timing {
  /** Warm-up work. An idle GPU runs at a fraction of its clock rate, and takes a while to speed up. */
  readonly warmMs: number;
  /** Work before each measurement, so that the device is never idle. */
  readonly windowMs: number;
  /** The number of measurements; their median is reported. */
  readonly windows: number;
  /** Work per measurement, at least one run. */
  readonly timedMs: number;
}

const TIMINGS: Readonly<Record<"gpu" | "cpu", Timing>> = {
  gpu: { warmMs: 450, windowMs: 60, windows: 7, timedMs: 5 },
  cpu: { warmMs: 0, windowMs: 0, windows: 5, timedMs: 20 },
};

/** A variant is not timed further if it takes more than this factor of the fastest time in the first measurement. */
const SLOW_FACTOR = 3;
/** A lower bound on measured times, because a coarse clock can report 0 for a fast kernel. */
const LEAST_MS = 1e-3;
const MOST_RUNS = 1024;

const runsIn = (milliseconds: number, one: number) =>
  Math.max(1, Math.min(MOST_RUNS, Math.round(milliseconds / Math.max(one, LEAST_MS))));
const repeat = (phase: string, runs: number) => new Array<string>(runs).fill(phase);

/** Milliseconds per run, averaged over `runs`. */
async function timed(runtime: Runtime, phase: string, runs: number, byDevice: boolean): Promise<number> {
  if (byDevice) {
    const times = await runtime.time(phase, runs);
    return times.reduce((sum, { nanoseconds }) => sum + nanoseconds, 0) / runs / 1e6;
  }
  await runtime.settled();
  const begun = performance.now();
  runtime.run(repeat(phase, runs));
  await runtime.settled();
  return (performance.now() - begun) / runs;
}

/**
 * Milliseconds of one run of each phase, in order.
 * @param byDevice use the device's clock; otherwise the host's clock, over a whole window of work
 */
async function timePhases(
  runtime: Runtime,
  phases: readonly string[],
  byDevice: boolean,
  timing: Timing,
): Promise<number[]> {
  const { warmMs, windowMs, windows, timedMs } = timing;
  const fill = (phase: string, milliseconds: number, one: number) => {
    if (milliseconds > 0) runtime.run(repeat(phase, runsIn(milliseconds, one)));
  };
  const sight = async () => {
    const seen: number[] = [];
    for (const phase of phases) seen.push(await timed(runtime, phase, 1, byDevice));
    return seen;
  };
  await sight();
  let seen = await sight();
  for (const until = performance.now() + warmMs; performance.now() < until; ) {
    for (const [i, phase] of phases.entries()) fill(phase, 20, seen[i] as number);
    seen = await sight();
  }
  const fastest = Math.max(LEAST_MS, Math.min(...seen));
  const timedFurther = phases.map((_, i) => (seen[i] as number) <= SLOW_FACTOR * fastest);
  const samples = phases.map((): number[] => []);
  for (let window = 0; window < windows; window++) {
    for (const [i, phase] of phases.entries()) {
      if (!timedFurther[i]) continue;
      const one = seen[i] as number;
      if (byDevice) fill(phase, windowMs, one);
      const runs = runsIn(byDevice ? timedMs : Math.max(timedMs, windowMs), one);
      samples[i]?.push(await timed(runtime, phase, runs, byDevice));
    }
  }
  return samples.map((times, i) => (times.length > 0 ? median(times) : (seen[i] as number)));
}
