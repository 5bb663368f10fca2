// The error to throw where work cannot go on for a reason the user can mend.
import type { Diagnostic } from "./diagnostic.js";

/** Carries diagnostics to the command line, which prints them and never a stack. */
export class Failure extends Error {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join("\n"));
    this.name = "Failure";
  }
}
