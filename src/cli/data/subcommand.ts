// What a subcommand of `mom data` is: a line in the table of verbs/data.ts, and a file here.
import type { Verb } from "../verb.js";

export interface Subcommand extends Verb {
  readonly name: string;
  /** One line for `mom data --help`. */
  readonly summary: string;
  /** For its own help. */
  readonly example: string;
}
