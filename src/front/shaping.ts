// What shaping a syntax tree into JSON goes by.
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import type { Places } from "./places.js";

/** What shaping needs, and where it notes places and reports. */
export interface Shaping {
  /** Path of the spec that all paths become relative to. */
  readonly entry: string;
  readonly places: Places;
  readonly diagnostics: Diagnostic[];
  /** The text of a span. */
  readonly textOf: (span: Span) => string;
}
