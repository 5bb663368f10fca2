// An error or a warning about a spec as data: what is wrong, where, and how to fix it.
import { ERRORS, type ErrorName } from "./codes.js";

/** A range of a source: UTF-16 offsets, `end` exclusive. An empty span is a place between two characters. */
export interface Span {
  /** The source's path as the user knows it. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Another place that matters for an error. */
export interface Related {
  readonly span: Span;
  readonly note: string;
}

export interface Diagnostic {
  /** Key of the error in codes.ts, which has its number and meaning. */
  readonly name: ErrorName;
  readonly severity: "error" | "warning";
  /** A noun phrase. */
  readonly title: string;
  /** What is wrong, in one or two sentences. */
  readonly message: string;
  /** Absent if the error is not in a source. */
  readonly span?: Span;
  readonly found?: string;
  readonly expected?: string;
  /** How to fix it. */
  readonly help?: string;
  /** Other places that matter. */
  readonly related?: readonly Related[];
  /** A correct example. */
  readonly example?: string;
}

/** An error with its title and severity. */
export const diagnosticOf = (
  name: ErrorName,
  message: string,
  rest: Partial<Omit<Diagnostic, "name" | "severity" | "message">> = {},
): Diagnostic => {
  const { severity = "error", title } = ERRORS[name];
  return { name, severity, title, message, ...rest };
};

export const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === "error";

/** Reports errors in the fields of one entry of a spec. */
export interface Reporter {
  /** The place of a field, or of the entry itself. */
  at(...field: (string | number)[]): Span;
  report(diagnostic: Diagnostic): void;
}
