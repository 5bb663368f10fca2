// Trains what is left of an ablation on workers, and writes the report.

import { answer } from "../../ablate/analyse.js";
import { type Costs, collect } from "../../ablate/collect.js";
import type { Design, Variant } from "../../ablate/design.js";
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
import { nothingTrained } from "../../ablate/mistakes.js";
import type { AblationResults } from "../../ablate/results.js";
import { type Ended, follow, type Worker } from "../../ablate/schedule.js";
import { SKIP_BAD } from "../../data/bad-files.js";
import { allowFlags } from "../../diagnostics/allow.js";
import { ablationCsv, ablationJson, ablationMarkdown } from "../../report/ablation/forms.js";
import { listingJson } from "../../report/ablation/listing.js";
import type { AblationEvents, AblationOutcome } from "../../report/ablation/progress.js";
import { renderAblation } from "../../report/ablation/render.js";

/** How long variants that another process holds are waited for, and how often they are looked at. */
const PATIENCE_MS = 3000;
const LOOK_MS = 100;

/** What trains variants, each in a process of its own. */
export interface Workers {
  readonly open: () => Promise<Worker>;
  /**
   * Measures what these variants lack, on a worker of its own that then goes.
   * @throws DeviceError where there is no device, or it fails
   */
  readonly tune: (queue: readonly number[], notice: (line: string) => void) => Promise<void>;
  /** Lets every variant under way save and stop. */
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
  /** Only those that failed. */
  readonly retry?: boolean | undefined;
  /** Train nothing. */
  readonly report?: boolean | undefined;
  /** Measure what the variants' kernels lack before any is trained. */
  readonly measures: boolean;
  readonly events: AblationEvents;
  /**
   * @param stepped told now and then how far a variant is
   * @param warned told what is wrong with a variant that goes on all the same
   */
  readonly workersOf: (
    variantAt: (index: number) => Variant,
    stepped: (index: number, step: number) => void,
    warned: (text: string) => void,
  ) => Workers;
  /** Listens for what stops training while variants are trained. @param first told once */
  readonly stopBy: (first: () => void) => { readonly wanted: () => boolean; readonly release: () => void };
}

/** @throws Failure where nothing was trained, or the disk refuses; DeviceError where no worker has a device */
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
  const stopped = request.report ? false : await trainAll(request, statesNow);

  const states = statesNow();
  const ids = design.variants.map(({ id }) => id);
  events.settled({ states, stopped, strangers: strangers(folder, ids).length, variants: variantsIn(folder) });
  const report = writeReports(folder, collect(folder, design, request.costs));
  return { kind: stopped ? "stopped" : "done", states, report };
}

/** The command that goes on with an ablation. */
export function ablationCommand({
  file,
  design,
  folder,
  allow,
  skipBad,
}: Pick<AblationRequest, "file" | "design" | "folder"> & {
  readonly allow?: readonly string[] | undefined;
  readonly skipBad?: boolean | undefined;
}): string {
  const out = folder.path === defaultFolder(file, design.name) ? "" : ` --out ${folder.path}`;
  return `mom ablate ${file} ${design.name}${out}${allowFlags(allow)}${skipBad ? ` ${SKIP_BAD}` : ""}`;
}

export const defaultFolder = (file: string, name: string): string => {
  const stem = (file.split(/[/\\]/).at(-1) ?? "").replace(/\.(?:mom|json)$/, "");
  return `runs/${stem}-${name}`;
};

/** What is to be trained, in order. A failed variant would fail again: it is tried where that is asked for. */
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
 * Trains until nothing is left that is not in another process's hands; whether it was stopped on the way. Workers of
 * an ablation that was killed hold their variants for a moment longer.
 */
async function trainAll(request: AblationRequest, statesNow: () => VariantState[]): Promise<boolean> {
  const failed = new Set<number>();
  for (let patience = PATIENCE_MS; ; ) {
    const states = statesNow();
    const queue = queueOf(request, states).filter((index) => !failed.has(index));
    if (queue.length > 0) {
      const { stopped, enough } = await train(request, queue, failed);
      if (stopped || enough) return stopped;
    } else if (patience > 0 && states.some(({ state }) => state === "running")) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      patience -= LOOK_MS;
    } else return false;
  }
}

/** Trains the queue. @param failed variants that did; those of this queue are added */
async function train(
  request: AblationRequest,
  queue: readonly number[],
  failed: Set<number>,
): Promise<{ readonly stopped: boolean; readonly enough: boolean }> {
  const { design, folder, jobs, events } = request;
  const variantAt = (index: number): Variant => design.variants[index] as Variant;
  events.queued(queue.length, jobs);
  const workers = request.workersOf(variantAt, events.stepped, events.noted);
  const interrupts = request.stopBy(() => {
    events.stopping();
    workers.stop();
  });
  /** Endings that the disk would not take. */
  const untold: [string, Ending][] = [];
  const keep = (id: string, ending: Ending): boolean => {
    try {
      writeEnding(folder, id, ending);
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
        if (!keep(variantAt(index).id, ending)) untold.push([variantAt(index).id, ending]);
      },
    });
  } finally {
    events.over();
    interrupts.release();
  }
  // There may be room again.
  const lost = untold.filter(([id, ending]) => !keep(id, ending)).length;
  if (lost > 0) events.lost(lost);
  return {
    stopped: interrupts.wanted(),
    enough: failed.size >= (request.maxFailures ?? Number.POSITIVE_INFINITY),
  };
}

/** The same answer in four forms; the path of the page. */
function writeReports(folder: AblationFolder, results: AblationResults): string {
  const found = answer(results);
  writeInto(folder, ABLATION_FILES.json, ablationJson(results, found));
  writeInto(folder, ABLATION_FILES.csv, ablationCsv(results, found));
  writeInto(folder, ABLATION_FILES.markdown, ablationMarkdown(results, found));
  writeInto(folder, ABLATION_FILES.html, renderAblation(results, found));
  return folder.disk.paths.join(folder.path, ABLATION_FILES.html);
}
