// What a thrown value means to whoever runs mom or a compiled trainer: said on stderr, with an exit code.
import pc from "picocolors";
import { Unreadable, unreadable } from "../data/open-file.js";
import { Failure } from "../diagnostics/failure.js";
import { InputError } from "../diagnostics/input-error.js";
import { render } from "../diagnostics/render.js";
import { visible } from "../diagnostics/visible.js";
import { DeviceError } from "../gpu/device-error.js";
import { TooLarge } from "../ir/too-large.js";
import type { TrainingOutcome } from "../report/training-words.js";
import { coloured, styleOf } from "./colour.js";
import { EXIT, type ExitCode } from "./verb.js";

export function tell(thrown: unknown): ExitCode {
  const c = pc.createColors(coloured(process.stderr));
  if (thrown instanceof Failure) {
    process.stderr.write(render(thrown.diagnostics, [], styleOf(process.stderr)));
    return thrown.diagnostics.some(({ name }) => name === "diverged") ? EXIT.diverged : EXIT.wrongInput;
  }
  if (thrown instanceof InputError || thrown instanceof DeviceError) {
    process.stderr.write(
      `${c.red(c.bold("error:"))} ${visible(thrown.message)}\n${c.cyan("help")} ${visible(thrown.remedy)}\n`,
    );
    return thrown instanceof InputError ? EXIT.wrongInput : EXIT.deviceFailed;
  }
  if (thrown instanceof TooLarge) {
    const remedy = "Take a smaller batch, length or model, or another device; `mom inspect` shows what is needed.";
    process.stderr.write(`${c.red(c.bold("error:"))} ${visible(thrown.message)}\n${c.cyan("help")} ${remedy}\n`);
    return EXIT.wrongInput;
  }
  const refused = refusedByDisk(thrown);
  if (refused !== undefined) {
    const remedy = "Correct the path, or its permissions.";
    process.stderr.write(`${c.red(c.bold("error:"))} ${visible(refused)}\n${c.cyan("help")} ${remedy}\n`);
    return EXIT.wrongInput;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  process.stderr.write(
    `${c.red(c.bold("error:"))} ${visible(message)}\nThis is a fault in mom itself, not in your spec. Please report it.\n`,
  );
  return EXIT.fault;
}

/** What the end of a training means to the shell; why one diverged is printed. */
export function exitOf(outcome: TrainingOutcome): ExitCode {
  switch (outcome.kind) {
    case "done":
      return EXIT.done;
    case "stopped":
      return EXIT.interrupted;
    case "diverged":
      return tell(outcome.failure);
  }
}

/** What the file system refuses is no fault of mom, wherever it is found out. */
function refusedByDisk(thrown: unknown): string | undefined {
  if (thrown instanceof Unreadable) return `A file cannot be read: ${thrown.reason}.`;
  if (!(thrown instanceof Error && "syscall" in thrown && "path" in thrown)) return undefined;
  return `${thrown.path} cannot be read or written: ${unreadable(thrown).reason}.`;
}
