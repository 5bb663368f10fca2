// Writes the report of a run from the files in its folder.
import { type CheckedJson, COUNT, jsonReader } from "../data/checked-json.js";
import { InputError } from "../diagnostics/input-error.js";
import type { CheckedSpec } from "../front/spec.js";
import { replaceFile } from "../train/replace-file.js";
import { pathIn, type Run } from "../train/run-folder.js";
import { frozenPage } from "./page/frozen.js";
import { openRunReader } from "./page/run-reader.js";
import type { StartRecord } from "./start-text.js";

const TEXT = { type: "string" };

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
    optimizer_updates: COUNT,
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

/** Records the source of the initial weights. */
export function writeStart(run: Run, start: StartRecord): void {
  replaceFile(run.disk, pathIn(run, "init"), `${JSON.stringify(start, null, 2)}\n`, AGAIN);
}

/** The recorded source of the initial weights, if any. */
export function readStart(run: Run): StartRecord | undefined {
  const path = pathIn(run, "init");
  return run.disk.exists(path) ? checked(readStartRecord(run.disk.read(path)), path) : undefined;
}

interface ReportOptions {
  readonly title: string;
  readonly spec: Pick<CheckedSpec, "train" | "model">;
}

/** Writes report.html, the page of this run alone, and returns its path. */
export function writeReport(run: Run, { title, spec }: ReportOptions): string {
  const path = pathIn(run, "report");
  const modalities = spec.model.modalities.map(({ name }) => name);
  const specOf = (_: Run, text: string) => ({ text, steps: spec.train.steps, modalities, settings: {} });
  const reader = openRunReader({ id: 0, name: title, run, specOf });
  replaceFile(run.disk, path, frozenPage(title, [reader]), AGAIN);
  return path;
}
