// The files of a PyTorch project that depend on the program alone: model.py, and what every project carries along.
import type { Meaning } from "../../ir/meaning.js";
import type { Parameter, Program } from "../../ir/program.js";
import { FILES } from "./files.gen.js";
import { type Model, modelText } from "./model.js";
import { fieldKey } from "./scope.js";

/** The text of each file by its name. */
export const projectFiles = (model: Model, about: string): Readonly<Record<string, string>> => ({
  ...FILES,
  "model.py": modelText(model, about),
});

/** A constant of the model: how data.py computes it, and its key in a batch. */
export interface Constant {
  readonly name: string;
  readonly means: Meaning;
}

export const constantsOf = ({ tensors }: Program): Constant[] =>
  tensors.flatMap(({ role, means }) =>
    role === "constant" && means !== undefined ? [{ name: fieldKey(means), means }] : [],
  );

/** The names of some parameters, with `*` in place of the numbers of layers and groups. */
export const patternsOf = (parameters: readonly Parameter[]): string[] => [
  ...new Set(parameters.flatMap(({ names }) => names.map((name) => name.replace(/(?<=\.)\d+(?=\.|$)/g, "*")))),
];

/** The entries of a project's folder, besides those of every compiled folder. */
export const PROJECT_FILES: readonly string[] = [...Object.keys(FILES), "model.py", "config.json"];
