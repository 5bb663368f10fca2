// What a verb of the command line is; `main.ts` holds the table of them.
import type { Command } from "commander";

export const EXIT = { done: 0, wrongInput: 1, wrongUsage: 2, deviceFailed: 3, diverged: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface Verb {
  readonly name: string;
  /** One line for `mom --help`. */
  readonly summary: string;
  /** A command that works as written in the repository. */
  readonly example: string;
  /** Declares arguments and options, and the action; the action returns through `finish`. */
  readonly declare: (command: Command, finish: (code: ExitCode) => void) => void;
}
