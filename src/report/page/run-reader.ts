// Reads the folder of a run for the page of runs, again and again while it is written. A file that is missing or damaged
// becomes a sentence on the page.
import { textOf } from "../../data/open-file.js";
import { changesOf, type RunChange } from "../../train/changes.js";
import type { Spent } from "../../train/metrics.js";
import { pathIn, RUN_FILES, type Run } from "../../train/run-folder.js";
import { heldAt } from "../../train/run-lock.js";
import { readSessions, type Session } from "../../train/sessions.js";
import { type About, readAbout } from "../about.js";
import { provenance } from "../provenance.js";
import { sampleSteps, samplesView } from "../samples.js";
import { stoppedText } from "../training-words.js";
import { cachedBy, cachedFile, sentence } from "./cached-file.js";
import { followRun, lastRecords, type RunTables } from "./follow.js";
import { type Summary, summaryOf } from "./summary.js";
import {
  type PackedRecords,
  packTable,
  type RunState,
  type RunView,
  type SamplesView,
  TABLES,
  type Table,
  type TableName,
} from "./view.js";

export interface GivenSpec {
  readonly text: string;
  readonly steps: number | null;
  readonly modalities: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** What is wrong with it, as a sentence. */
  readonly problem?: string;
}

/** What is known about a run from outside of its folder. */
export interface RunPlace {
  readonly id: number;
  readonly name: string;
  readonly run: Run;
  /** Reads its spec. */
  readonly specOf: (run: Run, text: string) => GivenSpec;
  /** What is known about a variant of an ablation; its folder has no facts. */
  readonly variant?: VariantPlace;
}

interface VariantPlace {
  readonly ablation: number;
  readonly arm: number;
  readonly about: About;
  readonly state: () => { readonly state: RunState; readonly reason?: string };
}

export interface RunReader {
  /** Reads at most about so many bytes of each file of records. Returns whether more remains. */
  readonly read: (most: number) => boolean;
  readonly view: () => RunView;
  /** What was read so far. */
  readonly tables: Readonly<Record<TableName, Table>>;
  /** The records from these counts on, or all if `generation` is another one. */
  readonly records: (have: { readonly generation: number } & Readonly<Record<TableName, number>>) => PackedRecords;
  readonly samples: (step: number) => SamplesView;
}

/** Records of a table in one answer. */
const MOST_RECORDS = 200_000;
/** Bytes at the end of a file of records, from which a run is summed up before all are read. */
const LAST_BYTES = 2 ** 15;

export function openRunReader({ id, name, run, specOf, variant }: RunPlace): RunReader {
  const { disk } = run;
  const followed = followRun(run);
  const inFolder = cachedFile(disk, pathIn(run, "about"), (bytes): About => {
    const read = readAbout(bytes);
    if ("value" in read) return read.value;
    throw new Error(read.wrong);
  });
  const about = (): ReturnType<typeof inFolder> => (variant === undefined ? inFolder() : { value: variant.about });
  const spec = cachedFile(disk, pathIn(run, "spec"), (bytes) => specOf(run, textOf(bytes)));
  const sessionsNow = cachedBy(disk, [pathIn(run, "sessions")], () => sessionsOf(run));
  const changesNow = cachedBy(disk, [pathIn(run, "changes"), pathIn(run, "spec")], () => changesIn(run));
  let given: ReturnType<typeof spec> = {};
  let last: RunTables | undefined;
  let isRead = false;
  let summed: { readonly key: string; readonly summary: Summary } | undefined;
  /** Sums up all records, or the last ones until all are read; again only if there are others. */
  const summaryNow = (): Summary => {
    const tables = isRead || last === undefined ? followed.tables : last;
    const counts = TABLES.map((name) => tables[name].steps.length);
    const key = [isRead, followed.generation(), ...counts, given.value?.modalities].join();
    if (summed?.key !== key) summed = { key, summary: summaryOf(tables, given.value?.modalities ?? []) };
    return summed.summary;
  };
  return {
    read(most) {
      given = spec();
      if (last === undefined) {
        last = lastRecords(run, LAST_BYTES);
        return true;
      }
      const more = followed.read(most);
      isRead ||= !more;
      return more;
    },
    tables: followed.tables,
    view() {
      const { value: facts, problem: noFacts } = about();
      const { value: known, problem: noSpec } = given;
      const summary = summaryNow();
      const sessions = sessionsNow();
      const early = followed.stopped();
      const { step } = summary;
      const steps = known?.steps ?? null;
      const problems = [noSpec, known?.problem, noFacts, ...followed.problems()].filter((one) => one !== undefined);
      return {
        id,
        name,
        ...(variant?.state() ?? { state: stateOf(run, early !== undefined || (steps !== null && step >= steps)) }),
        step,
        steps,
        facts: [...(facts?.facts ?? []), ...provenance(sessions, spentIn(summary), changesNow())],
        units: facts?.units ?? {},
        losses: summary.losses,
        records: countsOf(followed.tables),
        generation: followed.generation(),
        tokensPerSecond: summary.tokensPerSecond,
        seconds: summary.seconds,
        tokens: summary.tokens,
        flopsPerStep: facts?.flops_per_step ?? null,
        device: facts?.facts.find(([name]) => name === "Device")?.[1] ?? sessions.at(-1)?.device ?? null,
        spec: known?.text ?? "",
        settings: known?.settings ?? {},
        changes: changesNow().map(({ step, path, from = null, to = null }) => ({ step, path, from, to })),
        samples: sampleSteps(run),
        notes: [
          ...summary.notFinite,
          ...(early ? [`The run stopped early, after step ${step}: ${stoppedText(early)}.`] : []),
        ],
        problems: summary.isEmpty ? [...problems, ...emptyNote(run)] : problems,
        ...(variant && { variant: { ablation: variant.ablation, arm: variant.arm } }),
      };
    },
    records(have) {
      const generation = followed.generation();
      const from = (table: TableName): number => (have.generation === generation ? have[table] : 0);
      const tables = TABLES.map((name) => {
        const table = followed.tables[name];
        return [name, packTable(table, from(name), Math.min(table.steps.length, from(name) + MOST_RECORDS))] as const;
      });
      return { generation, tables: Object.fromEntries(tables) as PackedRecords["tables"] };
    },
    samples: (step) => {
      try {
        return { groups: samplesView(run, step) };
      } catch (error) {
        return { problem: sentence(error) };
      }
    },
  };
}

const countsOf = (tables: RunTables): RunView["records"] => ({
  train: tables.train.steps.length,
  validation: tables.validation.steps.length,
  timing: tables.timing.steps.length,
});

const spentIn = ({ seconds, tokens }: Summary): Spent | undefined =>
  seconds === null ? undefined : { seconds, tokens: tokens ?? undefined };

const emptyNote = (run: Run): string[] =>
  run.disk.exists(pathIn(run, "metrics")) ? [] : [`There is no ${RUN_FILES.metrics} yet.`];

function stateOf(run: Run, finished: boolean): RunState {
  try {
    const holder = heldAt(run.disk, pathIn(run, "lock"));
    // A process that reports its own run has ended the training.
    if (holder?.alive && holder.where !== "here") return "running";
  } catch {
    // A damaged lock locks nothing.
  }
  return finished ? "finished" : "stopped";
}

/** What resumes changed; nothing if that file cannot be read. */
function changesIn(run: Run): readonly RunChange[] {
  try {
    return run.disk.isLink(pathIn(run, "changes")) ? [] : changesOf(run).changes;
  } catch {
    return [];
  }
}

/** When and where it was trained; nothing if that file cannot be read. */
function sessionsOf(run: Run): Session[] {
  try {
    return run.disk.isLink(pathIn(run, "sessions")) ? [] : readSessions(run);
  } catch {
    return [];
  }
}
