// What a verb of the command line is: a line in the table of `main.ts`, and a file in `verbs/` that is loaded when named.
//
// A verb's file, `src/cli/verbs/inspect.ts`, looks like this:
//
//   export const verb: Verb = {
//     declare(command, finish) {
//       command
//         .argument("<file>", "the spec")
//         .option("--json", "print JSON")
//         .action(async (file: string, options: { json?: true }) => {
//           const read = readSpec(file); // prints what is wrong with the spec to stderr
//           if (read.spec === undefined) return finish(EXIT.wrongInput);
//           …
//           finish(EXIT.done);
//         });
//     },
//   };
//
// `main.ts` sets the name, the summary and the example, waits for the action's promise, prints a thrown `Failure`
// (src/diagnostics/failure.ts) as diagnostics, and ends the process with the code last given to `finish`.
import type { Command } from "commander";

export const EXIT = {
  done: 0,
  wrongInput: 1,
  wrongUsage: 2,
  deviceFailed: 3,
  diverged: 4,
  fault: 70,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What `src/cli/verbs/NAME.ts` exports as `verb`. */
export interface Verb {
  /** Declares arguments, options and the action. An action that does not call `finish` is done. */
  readonly declare: (command: Command, finish: (code: ExitCode) => void) => void;
}

/** A line of the table in `main.ts`. */
export interface VerbEntry {
  readonly name: string;
  /** One line for `mom --help`. */
  readonly summary: string;
  /** A command that works as written in the repository. */
  readonly example: string;
  readonly load: () => Promise<{ readonly verb: Verb }>;
}
