// Reads the folder of a run for the page of runs, again and again while it is written. A file that is missing or damaged
// becomes a sentence on the page.
import type { Disk } from "../../data/disk.js";
import { readRegular, textOf } from "../../data/open-file.js";
import { isError } from "../../diagnostics/diagnostic.js";
import { InputError } from "../../diagnostics/input-error.js";
import { settingsOf } from "../../inspect/difference.js";
import { followRun, reasonOf } from "../../report/page/follow.js";
import { spentSeconds, summarized } from "../../report/page/summary.js";
import {
  type PackedRecords,
  packTable,
  type RunState,
  type RunView,
  type SamplesView,
  TABLES,
  type TableName,
} from "../../report/page/view.js";
import { provenance } from "../../report/provenance.js";
import type { About } from "../../report/render.js";
import { readAbout } from "../../report/run-report.js";
import { sampleSteps, samplesView } from "../../report/samples.js";
import { pathIn, RUN_FILES, type Run } from "../../train/run-folder.js";
import { lockedBy } from "../../train/run-lock.js";
import { readSessions, type Session } from "../../train/sessions.js";
import { checkFile, checkText } from "../read-spec.js";
import { SOURCE_BYTES } from "../read-spec-files.js";
import { isRunFolder } from "../run-spec.js";

/** What is known about a run from outside of its folder. */
export interface RunPlace {
  readonly id: number;
  readonly name: string;
  readonly run: Run;
  readonly ablation?: number;
  /** The state of a variant. */
  readonly state?: () => { readonly state: RunState; readonly reason?: string };
}

export interface RunReader {
  /** Reads at most about so many bytes of each file of records. Returns whether more remains. */
  readonly read: (most: number) => boolean;
  readonly view: () => RunView;
  /** The records from these counts on, or all if `generation` is another one. */
  readonly records: (have: { readonly generation: number } & Readonly<Record<TableName, number>>) => PackedRecords;
  readonly samples: (step: number) => SamplesView;
}

/** Records of a table in one answer. */
const MOST_RECORDS = 200_000;
/** The share of the last measurements of speed that count. */
const RECENT = 50;

export function openRunReader({ id, name, run, ablation, state }: RunPlace): RunReader {
  const { disk } = run;
  const followed = followRun(run);
  const about = cachedFile(disk, pathIn(run, "about"), (bytes): About => {
    const read = readAbout(bytes);
    if ("value" in read) return read.value;
    throw new Error(read.wrong);
  });
  const spec = cachedFile(disk, pathIn(run, "spec"), (bytes) => specOf(run, textOf(bytes)));
  return {
    read: followed.read,
    view() {
      const { value: facts, problem: noFacts } = about();
      const { value: given, problem: noSpec } = spec();
      const { train, validation, timing } = followed.tables;
      const step = train.steps.at(-1) ?? 0;
      const steps = given?.steps ?? null;
      const speeds = timing.columns.get("tokens_per_second")?.slice(-RECENT) ?? [];
      const seconds = timing.steps.length === 0 ? null : finite(spentSeconds(timing).at(-1));
      const tokens = finite(timing.columns.get("tokens")?.at(-1));
      const last =
        seconds === null ? [] : [{ step, seconds, tokens_per_second: 0, ...(tokens !== null && { tokens }) }];
      const problems = [noSpec, given?.problem, noFacts, ...followed.problems()].filter((one) => one !== undefined);
      return {
        id,
        name,
        ...(state?.() ?? { state: stateOf(run, step, steps) }),
        step,
        steps,
        facts: [...(facts?.facts ?? []), ...provenance(sessionsOf(run), last)],
        units: facts?.units ?? {},
        losses: summarized(train, validation, given?.modalities ?? []),
        records: { train: train.steps.length, validation: validation.steps.length, timing: timing.steps.length },
        generation: followed.generation(),
        tokensPerSecond: finite(median(speeds)),
        seconds,
        tokens,
        flopsPerStep: null,
        device: facts?.facts.find(([name]) => name === "Device")?.[1] ?? null,
        spec: given?.text ?? "",
        settings: given?.settings ?? {},
        samples: sampleSteps(run),
        problems: train.steps.length + validation.steps.length === 0 ? [...problems, ...emptyNote(run)] : problems,
        ...(ablation !== undefined && { ablation }),
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

function stateOf(run: Run, step: number, steps: number | null): RunState {
  try {
    if (lockedBy(run.disk, pathIn(run, "lock")) !== undefined) return "running";
  } catch {
    // A damaged lock locks nothing.
  }
  return steps !== null && step >= steps ? "finished" : "stopped";
}

/** When and where it was trained; nothing if that file cannot be read. */
function sessionsOf(run: Run): Session[] {
  try {
    return run.disk.isLink(pathIn(run, "sessions")) ? [] : readSessions(run);
  } catch {
    return [];
  }
}

interface GivenSpec {
  readonly text: string;
  readonly steps: number | null;
  readonly modalities: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  readonly problem?: string;
}

/** The spec of a run. A spec that has errors, as those of other versions may, is shown as text only. */
function specOf(run: Run, text: string): GivenSpec {
  const nothing = { text, steps: null, modalities: [], settings: {} };
  try {
    // A folder that is not copied completely is no run yet.
    const { spec, json, diagnostics } = isRunFolder(run.disk, run.path)
      ? checkFile(run.disk, run.path, { begun: true })
      : checkText(run.disk, text, pathIn(run, "spec"), { begun: true });
    if (spec === undefined || json === undefined) {
      const [first] = diagnostics.filter(isError);
      return { ...nothing, problem: `${RUN_FILES.spec} has an error: ${first?.message ?? "it cannot be read."}` };
    }
    return {
      text,
      steps: spec.train.steps,
      modalities: spec.model.modalities.map(({ name }) => name),
      settings: Object.fromEntries(settingsOf({ spec, json })),
    };
  } catch (error) {
    return { ...nothing, problem: `${RUN_FILES.spec}: ${sentence(error)}` };
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
        : { value: make(readRegular(disk, path, SOURCE_BYTES)) };
    } catch (error) {
      found = { problem: `${name} cannot be read: ${sentence(error)}` };
    }
    return found;
  };
}

const sentence = (error: unknown): string => {
  const text = error instanceof InputError ? error.message : reasonOf(error);
  return text.endsWith(".") ? text : `${text}.`;
};

function median(values: readonly number[]): number | undefined {
  const ordered = values.filter(Number.isFinite).sort((a, b) => a - b);
  return ordered[Math.floor(ordered.length / 2)];
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null;
