// Trains the remaining variants of an ablation on workers, and writes the report.

import { answer } from "../../ablate/analyse.js";
import { collect } from "../../ablate/collect.js";
import type { Design, Variant } from "../../ablate/design.js";
import { type Costs, withCosts } from "../../ablate/design-file.js";
import { nothingTrained } from "../../ablate/errors.js";
import {
  ABLATION_FILES,
  type AblationFolder,
  type Ending,
  stateOf,
  strangers,
  type VariantState,
  variantsIn,
  writeEnding,
  writeInto,
} from "../../ablate/folder.js";
import type { AblationResults } from "../../ablate/results.js";
import { type Ended, follow, type Worker } from "../../ablate/schedule.js";
import { SKIP_BAD } from "../../data/bad-files.js";
import { allowFlags, setFlags } from "../../diagnostics/allow.js";
import { ablationCsv, ablationJson, ablationMarkdown } from "../../report/ablation/forms.js";
import { listingJson } from "../../report/ablation/listing.js";
import type { AblationEvents, AblationOutcome } from "../../report/ablation/progress.js";
import { BEAT_MS, VANISHED_MS } from "../../train/lock-holder.js";
import { readRuns } from "../watch/read-runs.js";

/** How long to wait for variants that another process of this machine has locked, and how often to check them. */
const PATIENCE_MS = 3000;
const LOOK_MS = 100;
/** The same for other machines: until a vanished worker counts as one. */
const PATIENCE_ELSEWHERE_MS = VANISHED_MS + BEAT_MS;
const LOOK_ELSEWHERE_MS = 1000;

/** Workers that train variants, each in its own process. */
export interface Workers {
  readonly open: () => Promise<Worker>;
  /**
   * Measures the kernels of these variants that have no measurement, on a temporary worker.
   * @throws DeviceError if there is no device or it fails
   */
  readonly tune: (queue: readonly number[], notice: (line: string) => void) => Promise<void>;
  /** Makes every running variant save and stop. */
  readonly stop: () => void;
}

export interface AblationRequest {
  /** The spec's file. */
  readonly file: string;
  readonly design: Design;
  readonly folder: AblationFolder;
  readonly costs: Costs;
  readonly jobs: number;
  readonly maxFailures?: number | undefined;
  /** Only this variant. */
  readonly index?: number | undefined;
  /** Only the variants that failed. */
  readonly retry?: boolean | undefined;
  /** Write the report and train nothing. */
  readonly report?: boolean | undefined;
  /** Whether to measure kernels before the first variant is trained. */
  readonly measures: boolean;
  readonly events: AblationEvents;
  /**
   * @param stepped receives the progress of a variant from time to time
   * @param warned receives warnings about a variant that continues
   */
  readonly workersOf: (
    variantAt: (index: number) => Variant,
    stepped: (index: number, step: number) => void,
    warned: (text: string) => void,
  ) => Workers;
  /** Listens for a request to stop while variants are trained. @param first called once, at the first request */
  readonly stopBy: (first: () => void) => { readonly wanted: () => boolean; readonly release: () => void };
}

/** @throws Failure if nothing was trained or a write fails; DeviceError if no worker has a device */
export async function runAblation(request: AblationRequest): Promise<AblationOutcome> {
  const { design, folder, events } = request;
  const statesNow = (): VariantState[] => design.variants.map(({ id }) => stateOf(folder, id));
  if (!folder.disk.exists(folder.path)) {
    if (request.report) throw nothingTrained(folder.path);
    folder.disk.makeFolder(folder.path);
  }
  const log = folder.disk.paths.join(folder.path, ABLATION_FILES.log);
  events.opened((text) => folder.disk.append(log, new TextEncoder().encode(text)));
  const table = listingJson({ design, states: [], costs: request.costs });
  writeInto(folder, ABLATION_FILES.table, `${JSON.stringify(table, null, 2)}\n`);
  const compared = withCosts(design, request.costs);
  writeInto(folder, ABLATION_FILES.design, `${JSON.stringify(compared, null, 2)}\n`);
  const stopped = request.report ? false : await trainAll(request, statesNow);

  const states = statesNow();
  const ids = design.variants.map(({ id }) => id);
  events.settled({ states, stopped, strangers: strangers(folder, ids).length, variants: variantsIn(folder) });
  const report = writeReports(folder, collect(folder, compared));
  return { kind: stopped ? "stopped" : "done", states, report };
}

/** The command that continues an ablation. */
export function ablationCommand({
  file,
  design,
  folder,
  set,
  allow,
  skipBad,
  torch,
}: Pick<AblationRequest, "file" | "design" | "folder"> & {
  readonly set?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly skipBad?: boolean | undefined;
  readonly torch?: { readonly program: string; readonly gpus: number } | undefined;
}): string {
  const out = folder.path === defaultFolder(file, design.name) ? "" : ` --out ${folder.path}`;
  const by = torch ? ` --target torch --gpus ${torch.gpus} --python ${torch.program}` : "";
  return `mom ablate ${file} ${design.name}${out}${by}${setFlags(set)}${allowFlags(allow)}${skipBad ? ` ${SKIP_BAD}` : ""}`;
}

export const defaultFolder = (file: string, name: string): string => {
  const stem = (file.split(/[/\\]/).at(-1) ?? "").replace(/\.(?:mom|json)$/, "");
  return `runs/${stem}-${name}`;
};

/** The variants to train, in order. A failed variant is trained again only with `retry`, because it would fail again. */
function queueOf({ index, retry, design }: AblationRequest, states: readonly VariantState[]): number[] {
  const wanted: VariantState["state"] = retry ? "failed" : "pending";
  return design.variants
    .map((variant) => variant.index)
    .filter((i) => {
      const state = states[i]?.state;
      return index === undefined ? state === wanted : i === index && state !== "done" && state !== "running";
    });
}

/**
 * Trains until all variants are done or locked by another process. Returns whether it was stopped. The workers of a killed
 * ablation keep their locks for a moment. A worker on another machine shows by its heartbeat whether it still trains.
 */
async function trainAll(request: AblationRequest, statesNow: () => VariantState[]): Promise<boolean> {
  const { index } = request;
  const failed = new Set<number>();
  const first = statesNow();
  for (let waited = 0; ; ) {
    const states = statesNow();
    const queue = queueOf(request, states).filter((one) => !failed.has(one));
    if (queue.length > 0) {
      const { stopped, enough } = await train(request, queue, failed);
      if (stopped || enough) return stopped;
    }
    const wait = waitFor(index === undefined ? states : states.slice(index, index + 1));
    if (wait === undefined || waited > wait.patience) return false;
    // A worker elsewhere that showed a sign of life trains on.
    if (index !== undefined && wait.elsewhere && hasBeaten(first[index], states[index])) return false;
    await new Promise((resolve) => setTimeout(resolve, wait.look));
    waited += wait.look;
  }
}

/** How long to wait for running variants, and how often to look; undefined if none is running. */
function waitFor(states: readonly VariantState[]) {
  const running = states.filter((state) => state.state === "running");
  if (running.length === 0) return undefined;
  const elsewhere = running.every(({ host }) => host !== undefined);
  return elsewhere && states.length === 1
    ? { elsewhere, patience: PATIENCE_ELSEWHERE_MS, look: LOOK_ELSEWHERE_MS }
    : { elsewhere, patience: PATIENCE_MS, look: LOOK_MS };
}

const hasBeaten = (before: VariantState | undefined, now: VariantState | undefined): boolean =>
  before?.state === "running" && now?.state === "running" && before.pid === now.pid && before.seen !== now.seen;

/** Trains the queue. @param failed the failed variants; those of this queue are added */
async function train(
  request: AblationRequest,
  queue: readonly number[],
  failed: Set<number>,
): Promise<{ readonly stopped: boolean; readonly enough: boolean }> {
  const { design, folder, jobs, events } = request;
  const variantAt = (index: number): Variant => design.variants[index] as Variant;
  events.queued(queue.length, jobs);
  for (const index of queue) {
    const state = stateOf(folder, variantAt(index).id);
    if (state.state === "pending" && state.vanished) events.vanished(index, state.vanished, state.step);
  }
  const workers = request.workersOf(variantAt, events.stepped, events.noted);
  const interrupts = request.stopBy(() => {
    events.stopping();
    workers.stop();
  });
  /** Outcomes that could not be written to the disk. */
  const unwritten: [string, Ending][] = [];
  const keep = (id: string, ending: Ending): boolean => {
    try {
      // Another process may have begun to train it since.
      if (stateOf(folder, id).state !== "running") writeEnding(folder, id, ending);
      return true;
    } catch {
      return false;
    }
  };
  try {
    if (request.measures) await workers.tune(queue, events.noted);
    await follow({
      queue,
      jobs,
      maxFailures: request.maxFailures && request.maxFailures - failed.size,
      openWorker: workers.open,
      stopWanted: interrupts.wanted,
      began: events.began,
      ended: (index: number, ended: Ended) => {
        events.ended(index, ended);
        if (ended.kind !== "failed") return;
        failed.add(index);
        const ending = { state: "failed", reason: ended.reason, exit: ended.exit } as const;
        if (!keep(variantAt(index).id, ending)) unwritten.push([variantAt(index).id, ending]);
      },
    });
  } finally {
    events.over();
    interrupts.release();
  }
  // The disk may have space again.
  const lost = unwritten.filter(([id, ending]) => !keep(id, ending)).length;
  if (lost > 0) events.lost(lost);
  return {
    stopped: interrupts.wanted(),
    enough: failed.size >= (request.maxFailures ?? Number.POSITIVE_INFINITY),
  };
}

/** Writes the report in four formats and returns the path of the page. */
function writeReports(folder: AblationFolder, results: AblationResults): string {
  const found = answer(results);
  writeInto(folder, ABLATION_FILES.json, ablationJson(results, found));
  writeInto(folder, ABLATION_FILES.csv, ablationCsv(results, found));
  writeInto(folder, ABLATION_FILES.markdown, ablationMarkdown(results, found));
  writeInto(folder, ABLATION_FILES.html, readRuns(folder.disk, [folder.path]).page());
  return folder.disk.paths.join(folder.path, ABLATION_FILES.html);
}
