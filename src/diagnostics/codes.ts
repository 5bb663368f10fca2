// All errors and warnings, by name. A number is never reused; an error that no longer exists leaves a gap.
import { MODEL } from "./codes/model.js";
import { RUN } from "./codes/run.js";
import { type Mistake, SPEC } from "./codes/spec.js";

const MISTAKES_BY_NAME = { ...SPEC, ...MODEL, ...RUN };

/** The name of an error, such as `unknown-field`. */
export type MistakeName = keyof typeof MISTAKES_BY_NAME;

/** Names in the order of their numbers. */
export const MISTAKES: Readonly<Record<MistakeName, Mistake>> = MISTAKES_BY_NAME;

export const MISTAKE_NAMES = Object.keys(MISTAKES) as MistakeName[];

/** The code that messages print and `mom explain` takes: `MOM0103`. */
export const codeOf = (name: MistakeName): string => `MOM${String(MISTAKES[name].number).padStart(4, "0")}`;

/** The error with this name or code, in upper or lower case; undefined if there is none. */
export function mistakeNamed(text: string): MistakeName | undefined {
  return MISTAKE_NAMES.find((name) => name === text.toLowerCase() || codeOf(name) === text.toUpperCase());
}

/** The example message of an error that no spec can show. */
export function exampleMessage(name: MistakeName): string | undefined {
  const { example } = MISTAKES[name];
  return example && `error: ${example[0]} [${codeOf(name)}]\nhelp ${example[1]}\n`;
}
