// The error to throw where work cannot go on for a reason the user can mend.
import type { Diagnostic } from "./diagnostic.js";

/** Carries diagnostics to the command line, which prints them (never a stack) and exits with `exit`. */
export class Failure extends Error {
  constructor(
    readonly diagnostics: readonly Diagnostic[],
    /** 1: the spec or data is wrong; 3: the device failed; 4: the run diverged. */
    readonly exit: 1 | 3 | 4 = 1,
  ) {
    super(diagnostics.map((d) => d.message).join("\n"));
    this.name = "Failure";
  }
}
