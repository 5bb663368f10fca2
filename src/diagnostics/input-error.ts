// The error for invalid input: what is wrong, where, and how to fix it. The command line exits with 1.
import { codeOf, type ErrorName } from "./codes.js";

export class InputError extends Error {
  override readonly name = "InputError";

  constructor(
    /** Key of the error in codes.ts. */
    readonly errorName: ErrorName,
    /** The file, the place in it and what was found. */
    message: string,
    /** How to fix it; a sentence. */
    readonly remedy: string,
  ) {
    super(message);
  }

  /** The code that messages print and `mom explain` takes: `MOM0201`. */
  get code(): string {
    return codeOf(this.errorName);
  }
}

/** Runs work. If it throws an InputError, adds the place to the start of its message. */
export function placed<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof InputError
      ? new InputError(error.errorName, `${place}: ${error.message}`, error.remedy)
      : error;
  }
}
