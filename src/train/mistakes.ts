// Errors about a run's folder, one constructor each.
import type { MistakeName } from "../diagnostics/codes.js";
import { type Diagnostic, mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { RUN_FORMAT } from "./format.js";

const error = (name: MistakeName, message: string, help: string) => new Failure([mistake(name, message, { help })]);

export const folderExists = (path: string): Failure =>
  error(
    "run-exists",
    `${path} exists, and a run never writes over another.`,
    "Go on with that run with --resume, or name another folder with --out.",
  );

export const noRun = (path: string, missing: string): Failure =>
  error(
    "no-run",
    `${path} is not the folder of a run: ${missing} is missing.`,
    "Name a folder that `mom train` has made, or start a run without --resume.",
  );

export const linkedFile = (path: string): Failure =>
  error(
    "no-run",
    `${path} is a link, and a run writes only to files of its own.`,
    "Put a copy of the file in the link's place.",
  );

export const folderInUse = (path: string, pid: number): Failure =>
  error(
    "run-in-use",
    `Process ${pid} is writing to ${path}.`,
    "Wait for it or stop it (Ctrl-C saves a checkpoint), then resume.",
  );

export const damagedMetrics = (path: string, line: number): Failure =>
  error(
    "damaged-metrics",
    `Line ${line} of ${path} is not a record of metrics.`,
    "Remove that line; the checkpoints do not depend on it.",
  );

export const lostMetrics = (path: string, lacks: string): Diagnostic =>
  mistake("lost-metrics", `${path} ${lacks}.`, {
    help: "Restore the file from a copy for whole curves in the report; the weights do not depend on it.",
  });

export const damagedCheckpoint = (path: string, what: string): Diagnostic =>
  mistake("damaged-checkpoint", `${path}: ${what.replace(/\.$/, "")}. The one before it is used.`, {
    help: "Check the disk; `sha256sum -c SHA256SUMS` in that folder names the files that changed.",
  });

export const noWholeCheckpoint = (path: string, damage: readonly string[]): Failure =>
  error(
    "no-whole-checkpoint",
    `None of the checkpoints in ${path} can be read: ${damage.join("; ")}.`,
    "Restore one from a copy, or start a new run with another --out.",
  );

export const noCheckpoint = (path: string, step: number | undefined, steps: readonly number[]): Failure =>
  error(
    "no-checkpoint",
    `${path} has no checkpoint${step === undefined ? "" : ` of step ${step}`}.`,
    steps.length > 0
      ? `It has those of ${steps.length > 1 ? "steps" : "step"} ${steps.join(", ")}.`
      : "One is written every `train.checkpoint_every` steps, after the last step, and when a run is stopped.",
  );

export const badCheckpoint = (path: string, what: string): Failure =>
  error(
    "bad-checkpoint",
    `${path} is not a whole checkpoint: ${what}.`,
    "Name a folder `checkpoints/step-N` of a run.",
  );

export const otherSpec = (path: string, spec: string, was: string, is: string): Failure =>
  error(
    "other-spec",
    `The run in ${path} began with \`${was}\` where the spec now has \`${is}\`.`,
    `Undo the change to go on with that run (its own spec is ${spec}), or start a new one with another --out.`,
  );

export const otherData = (path: string): Failure =>
  error(
    "other-data",
    `The run in ${path} was trained on other documents than the spec's source has now.`,
    "Bring the old data back, or start a new run with another --out.",
  );

export const otherFormat = (path: string, format: number): Failure =>
  error(
    "other-format",
    `The run in ${path} has format ${format}, and this version of mom continues runs of format ${RUN_FORMAT}: its random numbers differ, so the run would not be the same.`,
    `Start a new run from its weights with \`train { init: checkpoint(${JSON.stringify(path)}) }\`, or resume it with the version of mom that made it.`,
  );

export const otherKernels = (path: string, keys: readonly string[]): Diagnostic =>
  mistake(
    "other-kernels",
    `The run in ${path} began with other variants of ${keys.length} of its kernels, such as ${keys[0]}: from here on its numbers are as near, but not the same.`,
    {
      help: "Go on where it began (the same device, the same version of mom) for the same numbers.",
    },
  );

/** The meaning of Node's error codes for file operations, and how to fix each. */
const DISK_CODES: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ["the disk is full", "Free some space"],
  EDQUOT: ["the disk quota is used up", "Free some space or raise the quota"],
  EACCES: ["writing there is not allowed", "Give yourself the right to write there"],
  EPERM: ["writing there is not allowed", "Give yourself the right to write there"],
  EROFS: ["the disk is read-only", "Make it writable"],
  EIO: ["the disk failed", "Check the disk"],
  EMFILE: ["too many files are open", "Raise the limit (`ulimit -n`)"],
  ENOENT: ["no folder can be made there", "Check the path"],
  ENOTDIR: ["a part of the path is a file, not a folder", "Take that file away"],
  ENAMETOOLONG: ["the path is too long", "Shorten it"],
};

/** Turns a disk error during writing into a Failure with cause and help; returns any other error unchanged. */
export function diskFailure(cause: unknown, what: string, then: string): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const known = DISK_CODES[code];
  if (known === undefined) return cause;
  return error("disk", `${what} could not be written: ${known[0]}.`, `${known[1]}${then}`);
}
