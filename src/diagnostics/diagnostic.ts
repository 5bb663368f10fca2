// What can be said about a spec, as data: one mistake, where it stands, and how to mend it.
import { MISTAKES, type MistakeName } from "./codes.js";

/** A stretch of a source: UTF-16 offsets, `end` exclusive. An empty span points between two characters. */
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

/** Another place that a mistake has to do with. */
export interface Related {
  readonly span: Span;
  readonly note: string;
}

export interface Diagnostic {
  /** Which of the mistakes it is; codes.ts has their numbers and what they mean. */
  readonly name: MistakeName;
  readonly severity: "error" | "warning";
  /** A few words, the same for every case of this mistake. */
  readonly title: string;
  /** What is wrong here, in one sentence or two. */
  readonly message: string;
  /** Absent where the mistake stands in no source. */
  readonly span?: Span;
  readonly found?: string;
  readonly expected?: string;
  /** How to mend it. */
  readonly help?: string;
  /** Other places that matter. */
  readonly related?: readonly Related[];
  /** Something that works, as it would be written. */
  readonly example?: string;
}

/** A mistake with what is always said of it. */
export const mistake = (
  name: MistakeName,
  message: string,
  rest: Partial<Omit<Diagnostic, "name" | "severity" | "message">> = {},
): Diagnostic => {
  const { severity = "error", title } = MISTAKES[name];
  return { name, severity, title, message, ...rest };
};

export const isError = (diagnostic: Diagnostic): boolean => diagnostic.severity === "error";

/** Where mistakes in the fields of one entry of a spec are reported. */
export interface Reporter {
  /** Where a field is written; without one, where the entry is. */
  at(...field: (string | number)[]): Span;
  report(mistake: Diagnostic): void;
}
