// Options that several verbs share.
import { InvalidArgumentError, Option } from "commander";
import { SKIP_BAD } from "../data/bad-files.js";
import { DEFAULT_DEVICE, PROFILES } from "../ir/profiles.js";

export const deviceOption = (): Option =>
  new Option("--device <profile>", "the device that kernels are compiled for")
    .choices(PROFILES.map(({ name }) => name))
    .default(DEFAULT_DEVICE);

/** The value is a list, or undefined if the option is absent. */
export const allowOption = (): Option =>
  new Option(
    "--allow <folder>",
    "also let the spec and its data read files in this folder, outside the project; repeatable (or MOM_ALLOW)",
  ).argParser((folder: string, before: readonly string[] | undefined) => [...(before ?? []), folder]);

/** The value is a list, or undefined if the option is absent. */
export const setOption = (): Option =>
  new Option(
    "--set <path=value>",
    "change a field of the spec, such as train.steps=2000 or mixer.d_state=8; repeatable",
  ).argParser((text: string, before: readonly string[] | undefined) => {
    if (/^\s*[\w.]+\s*=/.test(text)) return [...(before ?? []), text];
    throw new InvalidArgumentError("Expected a path and its value, such as train.steps=2000.");
  });

/** The value is true, or undefined if the option is absent. */
export const skipBadOption = (): Option =>
  new Option(SKIP_BAD, "skip documents whose files are missing or damaged, instead of refusing the data");

export const dataOption = (): Option =>
  new Option("--data <place>", "the new place of the data: the file, or the folder that contains it");

/** Checks the extension of the option's file, so that a typo cannot overwrite a spec. */
export const ending =
  (wanted: string) =>
  (path: string): string => {
    if (path.toLowerCase().endsWith(wanted)) return path;
    throw new InvalidArgumentError(`Expected a file that ends with ${wanted}.`);
  };
