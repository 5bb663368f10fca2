// Trains a run in its folder, from the start or the last checkpoint, and records everything.
import type { DataSet } from "../data/data-set.js";
import { grownPosition, isGrown } from "../data/growth.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { CheckedSpec } from "../front/spec.js";
import type { Choices } from "../ir/plan.js";
import type { Changed } from "./changes.js";
import { latestCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { Checkpoint } from "./checkpoint-files.js";
import { recordedChoices } from "./choices.js";
import { damagedMetrics, lostMetrics, otherData, otherFormat, otherKernels, otherSpec } from "./errors.js";
import { type Outcome, train } from "./loop.js";
import { keptSteps, parseTiming, type Spent, spentBy, type TrainRecord, type ValidationRecord } from "./metrics.js";
import type { Model, Tensors } from "./model.js";
import { placeless } from "./placed-spec.js";
import { recorder, rewindRun } from "./recorder.js";
import { pathIn, type Run } from "./run-folder.js";
import type { StartValues } from "./start.js";

export interface Resumed {
  /** Undefined if none was written before the run ended. */
  readonly checkpoint: Checkpoint | undefined;
  readonly warnings: readonly Diagnostic[];
  /** How the documents have changed. */
  readonly grown: readonly Changed[];
}

/**
 * Returns an open run to its last checkpoint.
 * @param now the resolved spec, and the kernels that it will continue with
 * @throws Failure if spec or data differ from those that it started with, no checkpoint is complete, or the
 * checkpoint has the format of an earlier version, or records before it are damaged
 */
export function resumeRun(
  run: Run,
  now: {
    readonly specText: string;
    /** The fields of the spec that change and may; undefined if the texts must be equal. */
    readonly changes?: readonly Changed[] | undefined;
    readonly dataSet: DataSet;
    readonly choices: Choices;
  },
): Resumed {
  const { specText, changes, dataSet, choices } = now;
  const { checkpoint, warnings } = latestCheckpoint(run);
  // Checked first: an earlier version may have written spec and data differently, which would be reported as a change.
  if (checkpoint?.format !== undefined) throw otherFormat(run.path, checkpoint.format);
  if (changes === undefined) checkSpec(specText, run);
  const grown =
    checkpoint && checkpoint.state.data !== dataSet.fingerprint ? grownData(checkpoint, dataSet, changes) : [];
  // The variants of an ablation are compared, so their data must stay.
  if (grown === undefined || (grown.length > 0 && changes === undefined)) throw otherData(run.path);
  const lost = checkpoint ? lostRecords(run, checkpoint.step) : [];
  rewindRun(run, checkpoint?.step);
  return {
    checkpoint: continued(checkpoint, dataSet),
    grown,
    warnings: [...warnings, ...lost, ...changedKernels(run, choices, changes)],
  };
}

/** How the documents have changed since a checkpoint; undefined if they do not begin with those of the run. */
function grownData({ state }: Checkpoint, dataSet: DataSet, changes: readonly Changed[] = []): Changed[] | undefined {
  const { sources } = state;
  if (sources === undefined || !isGrown(sources, dataSet)) return undefined;
  const counted = (all: readonly { readonly documents: number }[]) =>
    `${all.reduce((sum, { documents }) => sum + documents, 0)} documents`;
  const [from, to] = [counted(sources), counted(dataSet.sources)];
  if (from !== to) return [{ path: "data", from, to }];
  // The change of the spec is recorded by itself.
  if (changes.some(({ path }) => path.startsWith("data.validation"))) return [];
  return [{ path: "data.validation", from: "other documents", to: `${dataSet.validation.length} documents` }];
}

/** The checkpoint with its position in data that may have grown. */
function continued(checkpoint: Checkpoint | undefined, dataSet: DataSet): Checkpoint | undefined {
  if (checkpoint?.state.sources === undefined || checkpoint.state.data === dataSet.fingerprint) return checkpoint;
  const { state } = checkpoint;
  const position = grownPosition(state.position, checkpoint.state.sources, dataSet);
  return { ...checkpoint, state: { ...state, position } };
}

/** A resumed run continues with its original kernels, unless its device or mom no longer has them. */
function changedKernels(run: Run, now: Choices, changes: readonly Changed[] = []): Diagnostic[] {
  const recorded = Object.entries(recordedChoices(run) ?? now);
  // Another batch has kernels of other sizes, which the run did not have.
  const still = changes.length === 0 ? recorded : recorded.filter(([key]) => Object.hasOwn(now, key));
  const others = still.filter(([key, variant]) => now[key] !== variant);
  return others.length > 0
    ? [
        otherKernels(
          run.path,
          others.map(([key]) => key),
        ),
      ]
    : [];
}

/** A resumed run must have its original spec: the one in its folder. */
function checkSpec(specText: string, run: Run): void {
  const original = new TextDecoder().decode(run.disk.read(pathIn(run, "spec"))).split("\n");
  const now = specText.split("\n");
  const line = now.findIndex((text, i) => placeless(text) !== placeless(original[i] ?? ""));
  if (line < 0 && now.length === original.length) return;
  const [was, is] = [original[line] ?? original[now.length], now[line]].map((text) => text?.trim() || "nothing");
  throw otherSpec(run.path, pathIn(run, "spec"), was as string, is as string);
}

/** Called after each event is recorded. */
export interface Watcher {
  readonly stepped: (record: TrainRecord, tokensPerSecond: number) => void;
  readonly validated: (record: ValidationRecord) => void;
  /** Absent if no samples are made while the run trains. */
  readonly sampled?: (step: number, weights: Tensors) => Promise<void>;
  /** Called before each step: whether to save and stop. */
  readonly stopWanted: () => boolean;
}

/** @param from the checkpoint to continue from, or the weights to start from; by default, weights are drawn */
export async function trainRecorded(
  run: Run,
  { model, spec, dataSet }: { readonly model: Model; readonly spec: CheckedSpec; readonly dataSet: DataSet },
  watcher: Watcher,
  from: { readonly checkpoint?: Checkpoint | undefined; readonly start?: StartValues | undefined } = {},
): Promise<Outcome> {
  const records = recorder(run);
  const before = spentBefore(run);
  let { tokens: seen } = before;
  const begun = Date.now();
  let last = begun;
  return await train(
    model,
    spec,
    dataSet,
    {
      stepped: (record, tokens) => {
        const now = Date.now();
        const tokensPerSecond = (1000 * tokens) / Math.max(1, now - last);
        last = now;
        records.metric(record);
        seen = seen === undefined ? undefined : seen + tokens;
        records.timing({
          step: record.step,
          seconds: before.seconds + (now - begun) / 1000,
          tokens_per_second: tokensPerSecond,
          ...(seen !== undefined && { tokens: seen }),
        });
        watcher.stepped(record, tokensPerSecond);
      },
      validated: (record) => {
        records.metric(record);
        watcher.validated(record);
        last = Date.now();
      },
      sampled:
        watcher.sampled &&
        (async (step, weights) => {
          await watcher.sampled?.(step, weights);
          last = Date.now();
        }),
      checkpoint: async (made) => {
        records.sync();
        await writeCheckpoint(run, made, spec.train.keep);
        last = Date.now();
      },
      stopWanted: watcher.stopWanted,
    },
    from.checkpoint,
    from.start,
  );
}

/** What the run has spent up to the checkpoint that it continues from. */
function spentBefore(run: Run): Spent {
  const path = pathIn(run, "timing");
  const records = run.disk.exists(path) ? parseTiming(new TextDecoder().decode(run.disk.read(path))) : [];
  return typeof records === "number" ? { seconds: 0, tokens: undefined } : spentBy(records);
}

/**
 * Warns of records that are missing up to `step`, and of damage after them, which is removed.
 * @throws Failure if a line among those records is damaged, because all lines after it would be removed
 */
export function lostRecords(run: Run, step: number): Diagnostic[] {
  return (["metrics", "timing"] as const).flatMap((file) => {
    const path = pathIn(run, file);
    if (!run.disk.exists(path)) return step > 0 ? [lostMetrics(path, "is missing")] : [];
    const { steps, damaged, continues } = keptSteps(run.disk.read(path), step);
    if (damaged !== undefined && continues) throw damagedMetrics(path, damaged);
    const lacking = Array.from({ length: step }, (_, i) => i + 1).filter((one) => !steps.has(one));
    return [
      ...(lacking.length > 0 ? [lostMetrics(path, lacksText(lacking, step))] : []),
      ...(damaged !== undefined
        ? [lostMetrics(path, `is damaged from line ${damaged} on, and that part is removed`)]
        : []),
    ];
  });
}

const lacksText = ([first = 0, ...rest]: readonly number[], step: number) =>
  rest.length === 0
    ? `has no record of step ${first}`
    : `has no record of ${rest.length + 1} of the ${step} steps; the first missing step is ${first}`;
