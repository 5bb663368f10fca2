// Requests to stop a training: Ctrl-C, SIGTERM, a terminal that hangs up, or a program's AbortSignal. The training saves and
// stops. A second Ctrl-C ends the process immediately.
import { isatty } from "node:tty";

export interface Interrupts {
  /** Whether a stop was requested. */
  readonly wanted: () => boolean;
  /** Restores the previous handling of signals. */
  readonly release: () => void;
}

/** A supervisor may send its signal twice within this time. A later Ctrl-C comes from a person. */
const TWICE_MS = 500;

/** The exit code of a process that SIGINT ended, as shells report it. */
const BY_SIGINT = 128 + 2;

/** Whether a stream of this process is a terminal. */
export const hasTerminal = (): boolean => [0, 1, 2].some((stream) => isatty(stream));

let hungUp = false;

/** Whether the terminal has hung up while `onHangUp` listened. */
export const hasHungUp = (): boolean => hungUp;

/** Calls `heard` if the terminal hangs up. `release` restores the default handling of the signal. */
function onHangUp(heard: () => void): { readonly release: () => void } {
  // Without a terminal, as under `nohup`, the signal is ignored.
  if (!hasTerminal()) return { release: () => {} };
  const hear = (): void => {
    hungUp = true;
    heard();
  };
  process.on("SIGHUP", hear);
  return { release: () => void process.off("SIGHUP", hear) };
}

/** @param first called once, at the first signal */
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

/** Listens to a program's signal, if there is one, instead of the system's signals. */
export function stopBy(signal: AbortSignal | undefined, first: () => void): Interrupts {
  if (signal === undefined) return listenForStop(first);
  signal.addEventListener("abort", first, { once: true });
  return { wanted: () => signal.aborted, release: () => signal.removeEventListener("abort", first) };
}
