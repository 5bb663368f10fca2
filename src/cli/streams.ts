// Standard output and error as a program that may run for days uses them: what is shown steers no terminal, and a stream
// that cannot be written ends no training.
import { hasHungUp, hasTerminal } from "../api/node/interrupts.js";
import { visible } from "../diagnostics/visible.js";
import { CLEAR_LINE, type Terminal } from "../report/progress.js";
import { coloured, linking } from "./colour.js";
import { EXIT, type ExitCode } from "./verb.js";

/** A stream as a training's log. */
export interface Log extends Terminal {
  /** Who gets the texts that could not be written, and why they could not. */
  readonly whenLost: (keep: (text: string, why: string) => void) => void;
}

/** Empties a terminal and what it has scrolled away. */
export const CLEAR_SCREEN = "\u001b[2J\u001b[3J\u001b[H";

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the device",
  EIO: "the device reports an error",
  EPIPE: "its reader has ended",
};

const reasonOf = (error: Error): string => {
  const code = "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (code || error.message);
};

/** Text as a stream may get it: of escape sequences only mom's own, colours where it has colours and links where links. */
export function shown(text: string, own: { readonly colour: boolean; readonly links: boolean }): string {
  const head = [CLEAR_LINE, CLEAR_SCREEN].find((one) => text.startsWith(one)) ?? "";
  const kept = [
    ...(own.colour ? ["\\u001b\\[\\d{1,3}m"] : []),
    ...(own.links ? ["\\u001b\\]8;;(?:file://[!-~]*)?\\u0007"] : []),
  ];
  const rest = text.slice(head.length);
  if (kept.length === 0) return head + visible(rest);
  // Every other piece is one of mom's own.
  const pieces = rest.split(new RegExp(`(${kept.join("|")})`));
  return head + pieces.map((piece, i) => (i % 2 === 1 ? piece : visible(piece))).join("");
}

type Write = NodeJS.WriteStream["write"];

/** As bytes are: specs that are printed to be kept, and what speaks a protocol. */
export const writeExactly = (text: string): void => {
  (exact ?? process.stdout.write.bind(process.stdout))(text);
};
let exact: Write | undefined;

/** Streams that something was written to. */
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

/** Ends the process once what was written is out; Dawn would keep it alive. */
export function endWith(code: ExitCode): void {
  // A moment later, when whoever wrote has been told what could not be written.
  const exit = (by: ExitCode): void => void setImmediate(() => (hasHungUp() ? dieOfIt() : process.exit(by)));
  if (!written.has(process.stdout)) exit(code);
  else process.stdout.write("", (error) => exit(error && code === EXIT.done ? EXIT.wrongInput : code));
}

/** Node aborts where it cannot set its terminal back; a signal asks for no such thing. */
function dieOfIt(): void {
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}

/**
 * Guards both streams, and lets this process outlive its terminal where it has none (`nohup`).
 * @param codeNow what the process would end with now
 * @param exactly leave the bytes alone: the verb speaks a protocol, or draws on the terminal itself
 */
export function guardStreams(codeNow: () => ExitCode, exactly = false): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that goes away (`mom … | head`) has had enough.
    if (error.code === "EPIPE") process.exit(codeNow());
    process.stderr.write(`error: the result could not be written: ${reasonOf(error)}\n`);
    process.exit(codeNow() === EXIT.done ? EXIT.wrongInput : codeNow());
  });
  // What was to be said is kept by `logTo` where there is a place for it.
  process.stderr.on("error", () => {});
  if (!exactly) {
    exact = filter(process.stdout);
    filter(process.stderr);
  }
  if (!hasTerminal()) process.on("SIGHUP", () => {});
}

/** A stream as a training's log; texts that it cannot take go elsewhere. */
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

/** Keeps what a log could not take in a file, with a line that says why. @param append to that file */
export function keepingLost(append: (text: string) => void): (text: string, why: string) => void {
  let begun = false;
  return (text, why) => {
    const head = begun ? "" : `The output could not be written (${why}); what follows was to be printed.\n`;
    begun = true;
    try {
      append(head + text);
    } catch {
      // The run's own records have the same disk, and say so.
    }
  };
}

/** A stream that a training is told on; what it cannot take goes into the run's log. */
export function logged(stream: NodeJS.WriteStream) {
  const terminal = logTo(stream);
  return { terminal, listener: { opened: (keep: (text: string) => void) => terminal.whenLost(keepingLost(keep)) } };
}
