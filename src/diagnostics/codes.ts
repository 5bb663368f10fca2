// All errors and warnings, by name. A number is never reused; an error that no longer exists leaves a gap.
import { MODEL } from "./codes/model.js";
import { RUN } from "./codes/run.js";
import { type ErrorEntry, SPEC } from "./codes/spec.js";

const ERRORS_BY_NAME = { ...SPEC, ...MODEL, ...RUN };

/** The name of an error, such as `unknown-field`. */
export type ErrorName = keyof typeof ERRORS_BY_NAME;

/** Names in the order of their numbers. */
export const ERRORS: Readonly<Record<ErrorName, ErrorEntry>> = ERRORS_BY_NAME;

export const ERROR_NAMES = Object.keys(ERRORS) as ErrorName[];

/** The code that messages print and `mom explain` takes: `MOM0103`. */
export const codeOf = (name: ErrorName): string => `MOM${String(ERRORS[name].number).padStart(4, "0")}`;

/** The error with this name or code, in upper or lower case; undefined if there is none. */
export function errorNamed(text: string): ErrorName | undefined {
  return ERROR_NAMES.find((name) => name === text.toLowerCase() || codeOf(name) === text.toUpperCase());
}

/** The example message of an error that no spec can show. */
export function exampleMessage(name: ErrorName): string | undefined {
  const { example } = ERRORS[name];
  return example && `error: ${example[0]} [${codeOf(name)}]\nhelp ${example[1]}\n`;
}
