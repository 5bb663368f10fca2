// Reads the folder of a run for the page of runs, again and again while it is written. A file that is missing or damaged
// becomes a sentence on the page.
import type { Disk } from "../../data/disk.js";
import { readRegular, textOf } from "../../data/open-file.js";
import { InputError } from "../../diagnostics/input-error.js";
import { changesOf, type RunChange } from "../../train/changes.js";
import type { TimingRecord } from "../../train/metrics.js";
import { pathIn, RUN_FILES, type Run } from "../../train/run-folder.js";
import { lockedBy } from "../../train/run-lock.js";
import { readSessions, type Session } from "../../train/sessions.js";
import { type About, readAbout } from "../about.js";
import { provenance } from "../provenance.js";
import { sampleSteps, samplesView } from "../samples.js";
import { stoppedText } from "../training-words.js";
import { followRun, lastRecords, type RunTables, reasonOf } from "./follow.js";
import { notFinite, spentSeconds, summarized } from "./summary.js";
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

/** Most bytes of a file with a spec or with facts. */
const FILE_BYTES = 2 ** 24;
/** Records of a table in one answer. */
const MOST_RECORDS = 200_000;
/** Bytes at the end of a file of records, from which a run is summed up before all are read. */
const LAST_BYTES = 2 ** 15;
/** The number of the last measurements of speed that count. */
const RECENT = 50;

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
  let given: ReturnType<typeof spec> = {};
  let last: RunTables | undefined;
  let isRead = false;
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
      const { train, validation, timing } = isRead || last === undefined ? followed.tables : last;
      const counts = TABLES.map((name) => [name, followed.tables[name].steps.length] as const);
      const sessions = sessionsOf(run);
      const step = train.steps.at(-1) ?? 0;
      const early = followed.stopped();
      const steps = known?.steps ?? null;
      const speeds = timing.columns.get("tokens_per_second")?.slice(-RECENT) ?? [];
      const seconds = timing.steps.length === 0 ? null : finite(spentSeconds(timing).at(-1));
      const latest = (name: keyof TimingRecord) => finite(timing.columns.get(name)?.at(-1));
      const tokens = latest("tokens");
      const spent =
        seconds === null ? [] : [{ step, seconds, tokens_per_second: 0, ...(tokens !== null && { tokens }) }];
      const problems = [noSpec, known?.problem, noFacts, ...followed.problems()].filter((one) => one !== undefined);
      return {
        id,
        name,
        ...(variant?.state() ?? { state: stateOf(run, early !== undefined || (steps !== null && step >= steps)) }),
        step,
        steps,
        facts: [...(facts?.facts ?? []), ...provenance(sessions, spent, changesIn(run))],
        units: facts?.units ?? {},
        losses: summarized(train, validation, known?.modalities ?? []),
        records: Object.fromEntries(counts) as RunView["records"],
        generation: followed.generation(),
        tokensPerSecond: finite(median(speeds)),
        seconds,
        tokens,
        flopsPerStep: facts?.flops_per_step ?? null,
        device: facts?.facts.find(([name]) => name === "Device")?.[1] ?? sessions.at(-1)?.device ?? null,
        spec: known?.text ?? "",
        settings: known?.settings ?? {},
        samples: sampleSteps(run),
        notes: [
          ...notFinite(train),
          ...(early ? [`The run stopped early, after step ${step}: ${stoppedText(early)}.`] : []),
        ],
        problems: train.steps.length + validation.steps.length === 0 ? [...problems, ...emptyNote(run)] : problems,
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

const emptyNote = (run: Run): string[] =>
  run.disk.exists(pathIn(run, "metrics")) ? [] : [`There is no ${RUN_FILES.metrics} yet.`];

function stateOf(run: Run, finished: boolean): RunState {
  try {
    const holder = lockedBy(run.disk, pathIn(run, "lock"));
    // A process that reports its own run has ended the training.
    if (holder !== undefined && holder !== run.disk.processes.own) return "running";
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

/** A file that is read again only when it has changed. `make` throws an Error if the contents are wrong. */
function cachedFile<T>(disk: Disk, path: string, make: (bytes: Uint8Array) => T) {
  let seen = "";
  let found: { readonly value?: T; readonly problem?: string } = {};
  const name = disk.paths.basename(path);
  return (): typeof found => {
    try {
      if (!disk.exists(path)) return { problem: `There is no ${name}.` };
      const { size, modified } = disk.stamp(path);
      const stamp = `${size} ${modified}`;
      if (stamp === seen) return found;
      seen = stamp;
      found = disk.isLink(path)
        ? { problem: `${name} is a link, and only files of the run are shown.` }
        : { value: make(readRegular(disk, path, FILE_BYTES)) };
    } catch (error) {
      found = { problem: `${name} cannot be read: ${sentence(error)}` };
    }
    return found;
  };
}

export const sentence = (error: unknown): string => {
  const text = error instanceof InputError ? error.message : reasonOf(error);
  return text.endsWith(".") ? text : `${text}.`;
};

function median(values: readonly number[]): number | undefined {
  const ordered = values.filter(Number.isFinite).sort((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)];
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
