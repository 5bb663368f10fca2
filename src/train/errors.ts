// Errors about a run's folder, one constructor each.
import type { ErrorName } from "../diagnostics/codes.js";
import { type Diagnostic, diagnosticOf } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import { visible } from "../diagnostics/visible.js";
import { RUN_FORMAT } from "./format.js";

const error = (name: ErrorName, message: string, help: string) => new Failure([diagnosticOf(name, message, { help })]);

export const folderExists = (path: string): Failure =>
  error(
    "run-exists",
    `${path} exists, and a run never overwrites another.`,
    "Continue that run with --resume, or choose another folder with --out.",
  );

export const noRun = (path: string, missing: string): Failure =>
  error(
    "no-run",
    `${path} is not a run folder: ${missing} is missing.`,
    "Use a folder that `mom train` made, or start a run without --resume.",
  );

/** @param path as the user gave it */
export const noRuns = (path: string): Failure =>
  error(
    "no-run",
    `${path} is not the folder of a run or an ablation, and contains none.`,
    "Name a folder that `mom train` or `mom ablate` made, or one that contains some.",
  );

/** @param made updates of the run's last checkpoint */
export const alreadyMade = (path: string, made: number, steps: number): Failure =>
  error(
    "other-spec",
    `The run in ${path} has made ${made} updates, so \`train.steps\` cannot become ${steps}.`,
    `Give it at least ${made} steps, or start a new run with another --out.`,
  );

export const linkedFile = (path: string): Failure =>
  error(
    "no-run",
    `${path} is a link, and a run writes only to its own files.`,
    "Replace the link with a copy of the file.",
  );

/** @param torch whether PyTorch began the run */
export const otherTrainer = (path: string, torch: boolean): Failure =>
  error(
    "other-trainer",
    torch
      ? `PyTorch began the run in ${path}, so mom itself cannot continue it.`
      : `mom itself began the run in ${path}, so PyTorch cannot continue it.`,
    `Continue it ${torch ? "with" : "without"} \`--target torch\`, or remove that folder to start the run again.`,
  );

/** @param holder the process, if its lock names one */
export const folderInUse = (path: string, holder: { readonly pid: number; readonly host?: string } | undefined) =>
  error(
    "run-in-use",
    `${holder ? `Process ${holder.pid}${holder.host ? ` on ${visible(holder.host)}` : ""}` : "Another process"} is writing to ${path}.`,
    "Wait for it or stop it (Ctrl-C saves a checkpoint), then resume.",
  );

export const runTakenOver = (path: string): Failure =>
  error(
    "run-taken-over",
    `Another process has taken over ${path}.`,
    "This process was paused or cut off for so long that the run was resumed elsewhere, where it continues.",
  );

export const damagedMetrics = (path: string, line: number): Failure =>
  error(
    "damaged-metrics",
    `Line ${line} of ${path} is not a metrics record.`,
    "Remove that line; the checkpoints do not depend on it.",
  );

export const lostMetrics = (path: string, lacks: string): Diagnostic =>
  diagnosticOf("lost-metrics", `${path} ${lacks}.`, {
    help: "Restore the file from a copy to get complete curves in the report; the weights do not depend on it.",
  });

export const damagedCheckpoint = (path: string, what: string): Diagnostic =>
  diagnosticOf("damaged-checkpoint", `${path}: ${what.replace(/\.$/, "")}. The previous checkpoint is used.`, {
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
      ? `It has checkpoints of ${steps.length > 1 ? "steps" : "step"} ${steps.join(", ")}.`
      : "Checkpoints are written every `train.checkpoint_every` steps, after the last step, and when a run is stopped.",
  );

export const noBestCheckpoint = (path: string): Failure =>
  error(
    "no-checkpoint",
    `${path} has no best checkpoint.`,
    'Set `train { keep_best: "NAME" }`, where NAME is a modality, and train again, or choose a step with --step.',
  );

export const badCheckpoint = (path: string, what: string): Failure =>
  error(
    "bad-checkpoint",
    `${path} is not a complete checkpoint: ${what}.`,
    "Use a folder `checkpoints/step-N` of a run.",
  );

const valueText = (value: string | undefined): string => (value === undefined ? "none" : `\`${value}\``);

/** @param changes the fields that differ */
export const fieldsFixed = (
  path: string,
  changes: readonly { readonly path: string; readonly from: string | undefined; readonly to: string | undefined }[],
): Failure =>
  new Failure(
    changes.map(({ path: field, from, to }) =>
      diagnosticOf(
        "other-spec",
        `\`${field}\` cannot change when a run is resumed${field === "train.batch" ? " with `data.carry`, which gives each row of a batch a state of its own" : ""}: the run in ${path} has ${valueText(from)}, and the spec now has ${valueText(to)}.`,
        {
          // Weights of another model have other shapes.
          help: !/^(?:train|data|objective)\./.test(field)
            ? "Undo the change, or start a new run with another --out."
            : `Undo the change, or start a new run from its weights with \`train { init: checkpoint(${JSON.stringify(path)}) }\`.`,
        },
      ),
    ),
  );

export const otherSpec = (path: string, spec: string, was: string, is: string): Failure =>
  error(
    "other-spec",
    `The run in ${path} started with \`${was}\`, but the spec now has \`${is}\`.`,
    `Undo the change to continue that run (its own spec is ${spec}), or start a new one with another --out.`,
  );

export const otherData = (path: string): Failure =>
  error(
    "other-data",
    `The run in ${path} was trained on documents that differ from those of the spec's source now.`,
    `Restore the old data; documents and sources may only be added behind the others. Or start a new run from its weights with \`train { init: checkpoint(${JSON.stringify(path)}) }\`.`,
  );

export const otherFormat = (path: string, format: number): Failure =>
  error(
    "other-format",
    `The run in ${path} has format ${format}, but this version of mom resumes only runs of format ${RUN_FORMAT}: its random numbers differ, so the results would too.`,
    `Start a new run from its weights with \`train { init: checkpoint(${JSON.stringify(path)}) }\`, or resume it with the version of mom that made it.`,
  );

export const otherKernels = (path: string, keys: readonly string[]): Diagnostic =>
  diagnosticOf(
    "other-kernels",
    `The run in ${path} started with different variants of ${keys.length} of its kernels, such as ${keys[0]}. From here on its numbers are as accurate, but not identical.`,
    {
      help: "For identical numbers, resume on the same device with the same version of mom.",
    },
  );

/** The meaning of Node's error codes for file operations, and how to fix each. */
const DISK_CODES: Readonly<Record<string, readonly [string, string]>> = {
  ENOSPC: ["the disk is full", "Free some space"],
  EDQUOT: ["the disk quota is used up", "Free some space or increase the quota"],
  EACCES: ["permission is denied", "Get write permission"],
  EPERM: ["permission is denied", "Get write permission"],
  EROFS: ["the disk is read-only", "Make it writable"],
  EIO: ["the disk failed", "Check the disk"],
  EMFILE: ["too many files are open", "Increase the limit (`ulimit -n`)"],
  ENOENT: ["its folder cannot be created", "Check the path"],
  ENOTDIR: ["a folder in the path is a file", "Remove that file"],
  EISDIR: ["it is a folder", "Remove it"],
  ENAMETOOLONG: ["the path is too long", "Shorten it"],
};

/** Turns a disk error during writing into a Failure with cause and help; returns any other error unchanged. */
export function diskFailure(cause: unknown, what: string, then: string): unknown {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const known = DISK_CODES[code];
  if (known === undefined) return cause;
  return error("disk", `${what} could not be written: ${known[0]}.`, `${known[1]}${then}`);
}
