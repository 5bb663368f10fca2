// What resolving a spec goes by.
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Places } from "./places.js";
import type { SpecJson } from "./spec-json.js";

/** Where values are written, and where to report. */
export interface Reporting {
  readonly places: Places;
  readonly diagnostics: Diagnostic[];
}

/** A spec that the schema has passed, and where to report. */
export interface Resolving extends Reporting {
  readonly json: SpecJson;
}
