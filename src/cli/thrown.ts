// Prints a thrown value to stderr and gives its exit code, for mom and for compiled trainers.
import pc from "picocolors";
import { Unreadable, unreadable } from "../data/open-file.js";
import { codeOf, type ErrorName } from "../diagnostics/codes.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import { render } from "../diagnostics/render.js";
import { visible } from "../diagnostics/visible.js";
import { DeviceError, NoAdapter } from "../gpu/device-error.js";
import { TooLarge } from "../ir/too-large.js";
import type { TrainingOutcome } from "../report/training-words.js";
import { coloured, styleOf } from "./colour.js";
import { EXIT, type ExitCode } from "./verb.js";

export function reportThrown(thrown: unknown): ExitCode {
  const c = pc.createColors(coloured(process.stderr));
  if (thrown instanceof Failure) {
    process.stderr.write(render(thrown.diagnostics, [], styleOf(process.stderr)));
    return thrown.diagnostics.some(({ name }) => name === "diverged") ? EXIT.diverged : EXIT.wrongInput;
  }
  const known = knownOf(thrown);
  if (known !== undefined) {
    const { name, message, remedy, exit } = known;
    const [first = "", ...below] = message.split("\n");
    const text = [`${visible(first)} ${c.dim(`[${codeOf(name)}]`)}`, ...below.map(visible)].join("\n");
    process.stderr.write(`${c.red(c.bold("error:"))} ${text}\n${c.cyan("help")} ${visible(remedy)}\n`);
    return exit;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  process.stderr.write(
    `${c.red(c.bold("error:"))} ${visible(message)}\nThis is a bug in mom, not in your spec. Please report it.\n`,
  );
  return EXIT.fault;
}

/** The exit code for the outcome of a training. Prints the reason if it diverged. */
export function exitOf(outcome: TrainingOutcome): ExitCode {
  switch (outcome.kind) {
    case "done":
      return EXIT.done;
    case "stopped":
      return EXIT.interrupted;
    case "diverged":
      return reportThrown(outcome.failure);
  }
}

interface Known {
  readonly name: ErrorName;
  readonly message: string;
  readonly remedy: string;
  readonly exit: ExitCode;
}

/** The code and the remedy of an error; undefined for a bug in mom. */
function knownOf(thrown: unknown): Known | undefined {
  if (thrown instanceof InputError) {
    const { errorName, message, remedy } = thrown;
    return { name: errorName, message, remedy, exit: EXIT.wrongInput };
  }
  if (thrown instanceof DeviceError) {
    const { message, remedy } = thrown;
    const name = thrown instanceof NoAdapter ? "no-adapter" : "device-failed";
    return { name, message, remedy, exit: EXIT.deviceFailed };
  }
  if (thrown instanceof TooLarge) {
    const remedy =
      "Use a smaller batch, length or model, or another device. `mom inspect` shows the memory that is needed.";
    return { name: "too-large", message: thrown.message, remedy, exit: EXIT.wrongInput };
  }
  const refused = refusedByDisk(thrown);
  if (refused === undefined) return undefined;
  const name = thrown instanceof Unreadable ? "file-unreadable" : "disk";
  return { name, message: refused, remedy: "Correct the path or its permissions.", exit: EXIT.wrongInput };
}

/** Why the file system refused an access. Such an error is not a bug in mom. */
function refusedByDisk(thrown: unknown): string | undefined {
  if (thrown instanceof Unreadable) return `A file cannot be read: ${thrown.reason}.`;
  if (!(thrown instanceof Error && "syscall" in thrown && "path" in thrown)) return undefined;
  return `${thrown.path} cannot be read or written: ${unreadable(thrown).reason}.`;
}
