// The error to throw if work cannot continue for a reason that the user can fix.
import type { Diagnostic } from "./diagnostic.js";

/** Carries diagnostics to the command line, which prints them without a stack trace. */
export class Failure extends Error {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join("\n"));
    this.name = "Failure";
  }
}
