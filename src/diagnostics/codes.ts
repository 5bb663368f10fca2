// Every mistake there is, by its name. Numbers never change hands; a mistake that is no more leaves a gap.
import { MODEL } from "./codes/model.js";
import { RUN } from "./codes/run.js";
import { type Mistake, SPEC } from "./codes/spec.js";

const MISTAKES_BY_NAME = { ...SPEC, ...MODEL, ...RUN };

/** The readable name of a mistake. */
export type MistakeName = keyof typeof MISTAKES_BY_NAME;

/** Names in the order of their numbers. */
export const MISTAKES: Readonly<Record<MistakeName, Mistake>> = MISTAKES_BY_NAME;

export const MISTAKE_NAMES = Object.keys(MISTAKES) as MistakeName[];

/** What is printed, and what `mom explain` unfolds: `MOM0103`. */
export const codeOf = (name: MistakeName): string => `MOM${String(MISTAKES[name].number).padStart(4, "0")}`;

/** A name by itself or by its code, in either case; undefined where there is none. */
export function mistakeNamed(text: string): MistakeName | undefined {
  return MISTAKE_NAMES.find((name) => name === text.toLowerCase() || codeOf(name) === text.toUpperCase());
}

/** What is printed of a mistake that is in no spec, by its example. */
export function exampleSaid(name: MistakeName): string | undefined {
  const { example } = MISTAKES[name];
  return example && `error: ${example[0]} [${codeOf(name)}]\nhelp ${example[1]}\n`;
}
