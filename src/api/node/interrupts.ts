// What stops training: Ctrl-C, SIGTERM and a terminal that hangs up, of which the first lets it save and stop and a
// second Ctrl-C ends the process at once; or the signal of a program that trains.
import { isatty } from "node:tty";

export interface Interrupts {
  /** Whether a stop is wanted. */
  readonly wanted: () => boolean;
  /** Leaves signals to what they did before. */
  readonly release: () => void;
}

/** A person who presses Ctrl-C again means it; a supervisor may send its signal twice at once. */
const TWICE_MS = 500;

/** What shells call the death by SIGINT. */
const BY_SIGINT = 128 + 2;

/** Whether anybody sits before this process. */
export const hasTerminal = (): boolean => [0, 1, 2].some((stream) => isatty(stream));

let hungUp = false;

/** Whether the terminal of this process has hung up while `onHangUp` listened. */
export const hasHungUp = (): boolean => hungUp;

/** Tells of a terminal that hangs up; `release` leaves the signal to what it does by itself. */
function onHangUp(told: () => void): { readonly release: () => void } {
  // Without a terminal the signal is ignored, as `nohup` means it.
  if (!hasTerminal()) return { release: () => {} };
  const hear = (): void => {
    hungUp = true;
    told();
  };
  process.on("SIGHUP", hear);
  return { release: () => void process.off("SIGHUP", hear) };
}

/** @param first told of the first signal, once */
function listenForStop(first: () => void): Interrupts {
  let at: number | undefined;
  const interrupt = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT" && at !== undefined && Date.now() - at > TWICE_MS) process.exit(BY_SIGINT);
    if (at !== undefined) return;
    at = Date.now();
    first();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const hanging = onHangUp(() => interrupt("SIGHUP"));
  return {
    wanted: () => at !== undefined,
    release() {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      hanging.release();
    },
  };
}

/** The same from a program's signal where there is one, and then no signals of the system. */
export function stopBy(signal: AbortSignal | undefined, first: () => void): Interrupts {
  if (signal === undefined) return listenForStop(first);
  signal.addEventListener("abort", first, { once: true });
  return { wanted: () => signal.aborted, release: () => signal.removeEventListener("abort", first) };
}
