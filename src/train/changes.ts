// The changes of a run's spec and data at its resumes: changes.json in the run's folder.
import { type CheckedJson, COUNT, jsonReader } from "../data/checked-json.js";
import { contentHash } from "../data/content-hash.js";
import { InputError } from "../diagnostics/input-error.js";
import { RUN_FORMAT } from "./format.js";
import { replaceFile } from "./replace-file.js";
import { pathIn, type Run } from "./run-folder.js";

/** A field of the spec, or `data` for the documents, with its values as text. */
export interface Changed {
  readonly path: string;
  /** Undefined for a field without a value. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export interface RunChange extends Changed {
  /** The number of updates before it. */
  readonly step: number;
  /** ISO 8601, in UTC. */
  readonly time: string;
}

interface Changes {
  readonly format: number;
  /** The text of the spec that the run started with. */
  readonly started: string;
  /** The SHA-256 of the spec after the changes. */
  readonly spec: string;
  readonly changes: readonly RunChange[];
}

const TEXT = { type: "string" };
const read: (bytes: Uint8Array) => CheckedJson<Changes> = jsonReader<Changes>({
  type: "object",
  properties: {
    format: { type: "integer", minimum: 1 },
    started: TEXT,
    spec: TEXT,
    changes: {
      type: "array",
      items: {
        type: "object",
        properties: { step: COUNT, time: TEXT, path: TEXT, from: TEXT, to: TEXT },
        required: ["step", "time", "path"],
        additionalProperties: false,
      },
    },
  },
  required: ["format", "started", "spec", "changes"],
  additionalProperties: false,
});

/** The changes so far, and the spec that the run started with if it has changed. @throws InputError if the file is damaged */
export function changesOf(run: Run): { readonly started?: string; readonly changes: readonly RunChange[] } {
  const path = pathIn(run, "changes");
  if (!run.disk.exists(path)) return { changes: [] };
  const found = read(run.disk.read(path));
  if ("wrong" in found)
    throw new InputError(
      "bad-record",
      `${path}: ${found.wrong}.`,
      "Restore it from a copy, or remove it. The weights do not depend on it.",
    );
  const { started, changes, spec } = found.value;
  // A process that was killed between the two files had recorded changes that the spec does not have.
  if (spec === contentHash(run.disk.read(pathIn(run, "spec")))) return { started, changes };
  const last = changes.at(-1)?.time;
  return { started, changes: changes.filter(({ time }) => time !== last) };
}

const AGAIN = ", then continue from the last checkpoint with --resume.";

/**
 * Records changes after `step` updates, and makes the new spec that of the run.
 * @throws Failure if writing fails; the run then continues with its old spec
 */
export function recordChanges(
  run: Run,
  step: number,
  made: readonly Changed[],
  { spec, plan, choices, data }: Readonly<Record<"spec" | "plan" | "choices" | "data", string>>,
): readonly RunChange[] {
  const { disk } = run;
  const { started = new TextDecoder().decode(disk.read(pathIn(run, "spec"))), changes } = changesOf(run);
  const time = new Date().toISOString();
  const own = made.map(
    ({ path, from, to }): RunChange => ({
      step,
      time,
      path,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
    }),
  );
  // After a return to an earlier checkpoint, earlier changes hold from there on.
  const all = [...changes.map((one) => ({ ...one, step: Math.min(one.step, step) })), ...own];
  const file: Changes = {
    format: RUN_FORMAT,
    started,
    spec: contentHash(new TextEncoder().encode(spec)),
    changes: all,
  };
  replaceFile(disk, pathIn(run, "changes"), `${JSON.stringify(file, null, 2)}\n`, AGAIN);
  replaceFile(disk, pathIn(run, "plan"), plan, AGAIN);
  replaceFile(disk, pathIn(run, "choices"), choices, AGAIN);
  replaceFile(disk, pathIn(run, "data"), data, AGAIN);
  replaceFile(disk, pathIn(run, "spec"), spec, AGAIN);
  return own;
}

/** `train.steps: 100 → 200` */
export const changeText = ({ path, from = "none", to = "none" }: Changed): string => `${path}: ${from} → ${to}`;
