// `mom ablate`: trains what is left of an ablation on workers, tells how it goes, and writes the report.

import { join } from "node:path";
import type { Costs } from "../../ablate/collect.js";
import { collect } from "../../ablate/collect.js";
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
import { type Ended, follow } from "../../ablate/schedule.js";
import { stopBy } from "../../api/node/interrupts.js";
import { SKIP_BAD } from "../../data/bad-files.js";
import type { AdapterSource } from "../../gpu/dawn.js";
import type { Terminal } from "../../report/progress.js";
import type { TuneMode } from "../../tune/tune.js";
import { allowFlags } from "../allow-flags.js";

import { EXIT, type ExitCode } from "../verb.js";
import { listingJson, tallyText } from "./listing.js";
import { ablationProgress } from "./progress.js";
import { writeReports } from "./reports.js";
import { workersOf } from "./workers.js";

/** How long variants that another process holds are waited for, and how often they are looked at. */
const PATIENCE_MS = 3000;
const LOOK_MS = 100;

export interface AblationRequest {
  /** The spec's file. */
  readonly file: string;
  readonly design: Design;
  readonly folder: AblationFolder;
  readonly costs: Costs;
  readonly jobs: number;
  readonly maxFailures?: number;
  /** Only this variant. */
  readonly index?: number;
  /** Only those that failed. */
  readonly retry?: true;
  /** Train nothing. */
  readonly report?: true;
  readonly keepWeights?: true;
  readonly adapter?: AdapterSource;
  readonly tune: TuneMode;
  readonly allow?: readonly string[] | undefined;
  /** Leave out documents whose files cannot be read. */
  readonly skipBad?: boolean | undefined;
  readonly terminal: Terminal;
  /** The folder is there; `keep` adds to its log. */
  readonly opened?: (keep: (text: string) => void) => void;
  /** Stops training instead of Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
}

export async function runAblation(request: AblationRequest): Promise<ExitCode> {
  const { design, folder, terminal } = request;
  const statesNow = (): VariantState[] => design.variants.map(({ id }) => stateOf(folder, id));
  if (!folder.disk.exists(folder.path)) {
    if (request.report) throw nothingTrained(folder.path);
    folder.disk.makeFolder(folder.path);
  }
  const log = join(folder.path, ABLATION_FILES.log);
  request.opened?.((text) => folder.disk.append(log, new TextEncoder().encode(text)));
  const table = listingJson({ design, states: [], costs: request.costs });
  writeInto(folder, ABLATION_FILES.table, `${JSON.stringify(table, null, 2)}\n`);
  const stopped = request.report ? false : await trainAll(request, statesNow);

  const states = statesNow();
  terminal.write(`${tallyText(states)}\n`);
  const others = strangers(
    folder,
    design.variants.map(({ id }) => id),
  ).length;
  if (others > 0) {
    terminal.write(`${others} runs in ${variantsIn(folder)} are of a spec that has changed since, and are left out.\n`);
  }
  const failed = design.variants.filter((_, i) => states[i]?.state === "failed");
  const again = `mom ablate ${request.file} ${design.name}${folderFlag(request)}${allowFlags(request.allow)}${request.skipBad ? ` ${SKIP_BAD}` : ""}`;
  if (failed.length > 0) terminal.write(`Failed variants are left as they are; to try them again: ${again} --retry\n`);
  if (stopped) terminal.write(`Stopped; go on with: ${again}\n`);
  terminal.write(`Report: ${writeReports(folder, collect(folder, design, request.costs))}\n`);
  return stopped ? EXIT.interrupted : exitOf(failed.map(({ index }) => states[index] as Ending));
}

const folderFlag = ({ folder, file, design }: AblationRequest): string =>
  folder.path === defaultFolder(file, design.name) ? "" : ` --out ${folder.path}`;

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

/** Of several failures, that of the whole: a divergence is a result, a device that failed is none. */
function exitOf(endings: readonly Ending[]): ExitCode {
  const codes = endings.map((ending) => (ending.state === "failed" ? ending.exit : EXIT.done));
  const worst = [EXIT.deviceFailed, EXIT.fault, EXIT.wrongInput, EXIT.diverged].find((code) => codes.includes(code));
  return worst ?? EXIT.done;
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
  const { design, folder, terminal, jobs } = request;
  const variantAt = (index: number): Variant => design.variants[index] as Variant;
  const progress = ablationProgress(terminal, design, queue.length, jobs);
  const workers = workersOf(
    {
      folder: folder.path,
      specFile: request.file,
      adapter: request.adapter,
      allow: request.allow ?? [],
      skipBad: request.skipBad === true,
      keepWeights: request.keepWeights === true,
      tune: request.tune,
    },
    (index) => variantAt(index),
    progress.stepped,
    progress.message,
  );
  const interrupts = stopBy(request.signal, () => {
    progress.message("Saving what is under way; Ctrl-C once more stops at once.");
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
    if (request.tune === "full") await workers.tune(queue, progress.message);
    await follow({
      queue,
      jobs,
      maxFailures: request.maxFailures && request.maxFailures - failed.size,
      openWorker: workers.open,
      stopWanted: interrupts.wanted,
      began: progress.began,
      ended: (index: number, ended: Ended) => {
        progress.ended(index, ended);
        if (ended.kind !== "failed") return;
        failed.add(index);
        const ending = { state: "failed", reason: ended.reason, exit: ended.exit } as const;
        if (!keep(variantAt(index).id, ending)) untold.push([variantAt(index).id, ending]);
      },
    });
  } finally {
    progress.end();
    interrupts.release();
  }
  // There may be room again.
  const lost = untold.filter(([id, ending]) => !keep(id, ending)).length;
  if (lost > 0) {
    const what = lost === 1 ? "That one variant failed" : `That ${lost} variants failed`;
    terminal.write(`${what} could not be written down either: they count as not begun, and go on without --retry.\n`);
  }
  return {
    stopped: interrupts.wanted(),
    enough: failed.size >= (request.maxFailures ?? Number.POSITIVE_INFINITY),
  };
}
