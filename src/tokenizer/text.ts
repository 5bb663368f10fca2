// The pieces of a text that a tokenizer passes on, and the error for one that it cannot tokenize.
import { InputError } from "../diagnostics/input-error.js";
import { visibleLine } from "../diagnostics/visible.js";

export interface Piece {
  readonly text: string;
  /** Whether it begins at the beginning of the original text. */
  readonly first: boolean;
}

/** The error for a text for which the library raises as well. */
export function untokenizable(piece: string, why: string): InputError {
  const short = piece.length > 40 ? `${piece.slice(0, 39)}…` : piece;
  return new InputError(
    "untokenizable-text",
    `the text has ${visibleLine(JSON.stringify(short))}, ${why}`,
    "Remove it from the text, or use a tokenizer whose vocabulary covers it.",
  );
}
