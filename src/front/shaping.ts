// The context of shaping a syntax tree into JSON.
import type { Diagnostic, Span } from "../diagnostics/diagnostic.js";
import type { Places } from "./places.js";

/** What shaping needs, and where it records places and diagnostics. */
export interface Shaping {
  /** The path of the spec, to which all paths become relative. */
  readonly entry: string;
  /** Makes a path relative to that spec; by default, from the file that names it. */
  readonly placed?: (path: string) => string;
  readonly places: Places;
  readonly diagnostics: Diagnostic[];
  /** The text of a span. */
  readonly textOf: (span: Span) => string;
}
