// Standard output and standard error of a program that may run for days. Foreign text cannot control the terminal, and a
// stream that cannot be written does not end a training.
import { hasHungUp, hasTerminal } from "../api/node/interrupts.js";
import { visible } from "../diagnostics/visible.js";
import { CLEAR_LINE, type Terminal } from "../report/progress.js";
import { coloured, linking } from "./colour.js";
import { EXIT, type ExitCode } from "./verb.js";

/** A stream as a training's log. */
export interface Log extends Terminal {
  /** Registers a receiver for the texts that could not be written, with the reason. */
  readonly whenLost: (keep: (text: string, why: string) => void) => void;
}

/** Clears a terminal and its scrollback. */
export const CLEAR_SCREEN = "\u001b[2J\u001b[3J\u001b[H";

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the device",
  EIO: "the device reports an error",
  EPIPE: "its reader has closed it",
};

const reasonOf = (error: Error): string => {
  const code = "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (code || error.message);
};

/** Text that is safe for a stream: only mom's own escape sequences remain, and only if the stream shows them. */
export function shown(text: string, own: { readonly colour: boolean; readonly links: boolean }): string {
  const head = [CLEAR_LINE, CLEAR_SCREEN].find((one) => text.startsWith(one)) ?? "";
  const kept = [
    ...(own.colour ? ["\\u001b\\[\\d{1,3}m"] : []),
    ...(own.links ? ["\\u001b\\]8;;(?:file://[!-~]*)?\\u0007"] : []),
  ];
  const rest = text.slice(head.length);
  if (kept.length === 0) return head + visible(rest);
  // Every second piece is one of mom's own sequences.
  const pieces = rest.split(new RegExp(`(${kept.join("|")})`));
  return head + pieces.map((piece, i) => (i % 2 === 1 ? piece : visible(piece))).join("");
}

type Write = NodeJS.WriteStream["write"];

/** Writes text to stdout unchanged: specs that are printed to be saved, and protocol messages. */
export const writeExactly = (text: string): void => {
  (exact ?? process.stdout.write.bind(process.stdout))(text);
};
let exact: Write | undefined;

const written = new Set<NodeJS.WriteStream>();

function filter(stream: NodeJS.WriteStream): Write {
  const write = stream.write.bind(stream) as Write;
  const own = { colour: coloured(stream), links: linking(stream) };
  const noting = ((...all: Parameters<Write>) => {
    written.add(stream);
    return write(...all);
  }) as Write;
  stream.write = ((text: string | Uint8Array, ...rest: []) =>
    noting(typeof text === "string" ? shown(text, own) : text, ...rest)) as Write;
  return noting;
}

/** Ends the process after the output is flushed. Dawn would keep it alive. */
export function endWith(code: ExitCode): void {
  // A moment later: the writers first receive their write errors.
  const exit = (by: ExitCode): void => void setImmediate(() => (hasHungUp() ? dieOfIt() : process.exit(by)));
  if (!written.has(process.stdout)) exit(code);
  else process.stdout.write("", (error) => exit(error && code === EXIT.done ? EXIT.wrongInput : code));
}

/** Node aborts if it cannot restore its terminal. A signal ends the process without that step. */
function dieOfIt(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}

/**
 * Guards both streams, and ignores SIGHUP if the process has no terminal (`nohup`).
 * @param codeNow the exit code if the process ended now
 * @param exactly write the bytes unchanged: the verb uses a protocol, or draws on the terminal
 */
export function guardStreams(codeNow: () => ExitCode, exactly = false): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that stops early (`mom … | head`) is not an error.
    if (error.code === "EPIPE") process.exit(codeNow());
    process.stderr.write(`error: the result could not be written: ${reasonOf(error)}\n`);
    process.exit(codeNow() === EXIT.done ? EXIT.wrongInput : codeNow());
  });
  // `logTo` keeps the text if there is a file for it.
  process.stderr.on("error", () => {});
  if (!exactly) {
    exact = filter(process.stdout);
    filter(process.stderr);
  }
  if (!hasTerminal()) process.on("SIGHUP", () => {});
}

/** A stream as a training's log. Texts that cannot be written go to the receiver of `whenLost`. */
export function logTo(stream: NodeJS.WriteStream): Log {
  const waiting: [string, string][] = [];
  let broken: string | undefined;
  let keep = (text: string, why: string): void => void waiting.push([text, why]);
  return {
    isTTY: stream.isTTY === true && process.env.TERM !== "dumb",
    get columns() {
      return stream.columns;
    },
    write(text) {
      const lose = (): void => {
        const isDrawing = text.startsWith(CLEAR_LINE) && !text.endsWith("\n");
        if (!isDrawing) keep(text.replace(CLEAR_LINE, ""), broken ?? "");
      };
      if (broken !== undefined) return lose();
      stream.write(text, (error) => {
        if (!error) return;
        broken ??= reasonOf(error);
        lose();
      });
    },
    whenLost: (other) => {
      keep = other;
      for (const [text, why] of waiting.splice(0)) keep(text, why);
    },
  };
}

/** Keeps texts that a log could not write in a file, with a line that states why. @param append appends to that file */
export function keepingLost(append: (text: string) => void): (text: string, why: string) => void {
  let begun = false;
  return (text, why) => {
    const head = begun ? "" : `The output could not be written (${why}). These lines are the rest of it.\n`;
    begun = true;
    try {
      append(head + text);
    } catch {
      // The run's records are on the same disk, and their write error is reported.
    }
  };
}

/** A stream as the log of a training, with `log.txt` in the run's folder for texts that cannot be written. */
export function logged(stream: NodeJS.WriteStream) {
  const terminal = logTo(stream);
  return { terminal, listener: { opened: (keep: (text: string) => void) => terminal.whenLost(keepingLost(keep)) } };
}
