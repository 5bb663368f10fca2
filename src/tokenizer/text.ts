// Pieces of a text on its way through a tokenizer, and what can be wrong with one.
import { InputError } from "../diagnostics/input-error.js";
import { visibleLine } from "../diagnostics/visible.js";

export interface Piece {
  readonly text: string;
  /** Whether it begins where the original text begins. */
  readonly first: boolean;
}

/** A text that the library raises for, too. */
export function untokenizable(piece: string, why: string): InputError {
  const short = piece.length > 40 ? `${piece.slice(0, 39)}…` : piece;
  return new InputError(
    "untokenizable-text",
    `the text has ${visibleLine(JSON.stringify(short))}, ${why}`,
    "Remove it from the text, or use a tokenizer whose vocabulary covers it.",
  );
}
