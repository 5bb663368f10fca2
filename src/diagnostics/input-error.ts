// The error for input that is wrong: what is wrong and where, and how to mend it. The command line exits with 1.
import { codeOf, type MistakeName } from "./codes.js";

export class InputError extends Error {
  override readonly name = "InputError";

  constructor(
    /** Which of the mistakes it is. */
    readonly mistake: MistakeName,
    /** Names the file, the place in it and what was found. */
    message: string,
    /** What to do about it; a sentence. */
    readonly remedy: string,
  ) {
    super(message);
  }

  /** What is printed, and what `mom explain` describes: `MOM0201`. */
  get code(): string {
    return codeOf(this.mistake);
  }
}

/** What work gives; where it throws an InputError, the message begins with a place. */
export function placed<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof InputError
      ? new InputError(error.mistake, `${place}: ${error.message}`, error.remedy)
      : error;
  }
}
