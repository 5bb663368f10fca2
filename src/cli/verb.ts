// A verb of the command line is an entry in the table of `main.ts` and a file in `verbs/`, which is loaded on demand.
//
// The file of a verb, such as `src/cli/verbs/inspect.ts`, looks like this:
//
//   export const verb: Verb = {
//     declare(command, finish) {
//       command
//         .argument("<file>", "the spec")
//         .option("--json", "print JSON")
//         .action(async (file: string, options: { json?: true }) => {
//           const read = readSpec(file); // prints errors and warnings to stderr
//           if (read.spec === undefined) return finish(EXIT.wrongInput);
//           …
//           finish(EXIT.done);
//         });
//     },
//   };
//
// `main.ts` sets the name, the summary and the example, waits for the action's promise, prints a thrown `Failure`
// (src/diagnostics/failure.ts) as diagnostics, and ends the process with the last code that `finish` received.
import type { Command } from "commander";

export const EXIT = {
  done: 0,
  wrongInput: 1,
  wrongUsage: 2,
  deviceFailed: 3,
  diverged: 4,
  fault: 70,
  /** Another process trains the variant of `--index` (EX_TEMPFAIL of sysexits.h). */
  inUse: 75,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The export `verb` of `src/cli/verbs/NAME.ts`. */
export interface Verb {
  /** Declares arguments, options and the action. An action that does not call `finish` ends with `EXIT.done`. */
  readonly declare: (command: Command, finish: (code: ExitCode) => void) => void;
}

/** An entry in the table of `main.ts`. */
export interface VerbEntry {
  readonly name: string;
  /** One line for `mom --help`. */
  readonly summary: string;
  /** A command that works as written in the repository. */
  readonly example: string;
  readonly load: () => Promise<{ readonly verb: Verb }>;
}
