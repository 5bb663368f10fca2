// Writes the report of a run from the files in its folder.
import { type CheckedJson, COUNT, jsonReader } from "../data/checked-json.js";
import { InputError } from "../diagnostics/input-error.js";
import { changesOf } from "../train/changes.js";
import { damagedMetrics } from "../train/errors.js";
import { type MetricRecord, parseMetrics, parseTiming, type TimingRecord } from "../train/metrics.js";
import { replaceFile } from "../train/replace-file.js";
import { pathIn, type Run } from "../train/run-folder.js";
import { readSessions } from "../train/sessions.js";
import { type About, type ReportData, renderReport } from "./render.js";
import { latestSamples } from "./samples.js";
import type { StartRecord } from "./start-text.js";

const TEXT = { type: "string" };

/** The facts of a run, from the bytes of its file. */
export const readAbout = jsonReader<About>({
  type: "object",
  properties: {
    title: TEXT,
    facts: { type: "array", items: { type: "array", items: TEXT, minItems: 2, maxItems: 2 } },
    units: { type: "object", additionalProperties: TEXT },
  },
  required: ["title", "facts", "units"],
});

const amount = { type: "object", properties: { tensors: COUNT, numbers: COUNT }, required: ["tensors", "numbers"] };
const readStartRecord = jsonReader<StartRecord>({
  type: "object",
  properties: {
    from: TEXT,
    sha256: TEXT,
    parts: {
      type: "array",
      items: {
        type: "object",
        properties: { part: TEXT, taken: amount, copied: amount, drawn: amount },
        required: ["part", "taken", "copied", "drawn"],
      },
    },
    unused: { type: "array", items: TEXT },
  },
  required: ["from", "sha256", "parts", "unused"],
});

/** @throws InputError if a file of the run is damaged */
function checked<T>(read: CheckedJson<T>, path: string): T {
  if ("value" in read) return read.value;
  throw new InputError(
    "bad-record",
    `${path}: ${read.wrong}.`,
    "Restore the file from a copy, or remove it. The weights do not depend on it.",
  );
}

const AGAIN = ", then continue from the last checkpoint with --resume.";

/** Records the facts of the run for the heading of the report. */
export function writeAbout(run: Run, about: About): void {
  replaceFile(run.disk, pathIn(run, "about"), `${JSON.stringify(about, null, 2)}\n`, AGAIN);
}

/** Records the source of the initial weights. */
export function writeStart(run: Run, start: StartRecord): void {
  replaceFile(run.disk, pathIn(run, "init"), `${JSON.stringify(start, null, 2)}\n`, AGAIN);
}

/** The recorded source of the initial weights, if any. */
export function readStart(run: Run): StartRecord | undefined {
  const path = pathIn(run, "init");
  return run.disk.exists(path) ? checked(readStartRecord(run.disk.read(path)), path) : undefined;
}

/**
 * The records of a run, which may still be training.
 * @throws Failure if its metrics are damaged
 */
export function readRun(run: Run): ReportData {
  const text = (path: string): string => (run.disk.exists(path) ? new TextDecoder().decode(run.disk.read(path)) : "");
  const about = pathIn(run, "about");
  return {
    about: run.disk.exists(about)
      ? checked(readAbout(run.disk.read(about)), about)
      : { title: run.disk.paths.basename(run.disk.paths.resolve(run.path)), facts: [], units: {} },
    sessions: readSessions(run),
    changes: changesOf(run).changes,
    spec: text(pathIn(run, "spec")),
    metrics: recordsOf<MetricRecord>(pathIn(run, "metrics"), text, parseMetrics),
    timing: recordsOf<TimingRecord>(pathIn(run, "timing"), text, parseTiming),
    samples: latestSamples(run),
  };
}

/** Writes report.html and returns its path. */
export function writeReport(run: Run): string {
  const path = pathIn(run, "report");
  replaceFile(run.disk, path, renderReport(readRun(run)), AGAIN);
  return path;
}

function recordsOf<T>(path: string, text: (path: string) => string, parse: (text: string) => T[] | number): T[] {
  const records = parse(text(path));
  if (typeof records === "number") throw damagedMetrics(path, records);
  return records;
}
