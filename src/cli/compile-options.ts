// Options that several verbs take.
import { Option } from "commander";
import { SKIP_BAD } from "../data/bad-files.js";
import { DEFAULT_DEVICE, PROFILES } from "../ir/profiles.js";

export const deviceOption = (): Option =>
  new Option("--device <profile>", "what kernels may assume of the device")
    .choices(PROFILES.map(({ name }) => name))
    .default(DEFAULT_DEVICE);

/** Its value is a list, undefined where it is not given. */
export const allowOption = (): Option =>
  new Option(
    "--allow <folder>",
    "let the spec and its data read files in this folder, besides the project's; may be given again (or MOM_ALLOW)",
  ).argParser((folder: string, before: readonly string[] | undefined) => [...(before ?? []), folder]);

/** Its value is true, or undefined where it is not given. */
export const skipBadOption = (): Option =>
  new Option(SKIP_BAD, "leave out documents whose files are missing or damaged, instead of refusing the data");

export const dataOption = (): Option =>
  new Option("--data <place>", "where the data are now: their file, or the folder with a file of that name");
