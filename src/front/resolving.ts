// What resolving a spec goes by.
import type { Diagnostic, Reporter } from "../diagnostics/diagnostic.js";
import { below, type Places, valueAt } from "./places.js";
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

/** Reports on the entry at a pointer. */
export const reporterAt = (pointer: string, { places, diagnostics }: Reporting): Reporter => ({
  at: (...field) => valueAt(places, field.reduce<string>(below, pointer)),
  report: (mistake) => void diagnostics.push(mistake),
});
