// The error for input that is wrong: what is wrong and where, and how to mend it. The command line exits with 1.

export class InputError extends Error {
  override readonly name = "InputError";

  constructor(
    /** Names the file, the place in it and what was found. */
    message: string,
    /** What to do about it; a sentence. */
    readonly remedy: string,
  ) {
    super(message);
  }
}
