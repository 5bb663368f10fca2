// A fix of a mistake, as edits of the text.
import type { Diagnostic, Source } from "../diagnostics/diagnostic.js";
import type { Json } from "../front/spec.js";

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** What a fix may look at: the place in the text, and what could be read of the spec. */
export interface Place {
  readonly source: Source;
  readonly diagnostic: Diagnostic;
  readonly start: number;
  readonly end: number;
  /** The text of the place. */
  readonly found: string;
  readonly spec: Json;
}
