// What verbs that compile for a profile have in common: the option, the compiler's options, the refusal.
import { Option } from "commander";
import { type CompileOptions, TRAINING_PHASES } from "../compile.js";
import { SKIP_BAD } from "../data/bad-files.js";
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import type { CheckedSpec } from "../front/spec.js";
import { PROFILES, profileNamed } from "../ir/profiles.js";
import { TooLarge } from "../ir/too-large.js";
import { profileThatFits } from "../report/inspection.js";
import { size } from "../report/inspection-text.js";

/** What every WebGPU device is. */
export const DEFAULT_DEVICE = "webgpu-default";

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

/** Training, with every variant that the profile admits. `device` is a name that `deviceOption` lets through. */
export function trainingOptions(spec: CheckedSpec, device: string, batch = spec.train.batch): CompileOptions {
  const profile = profileNamed(device);
  if (profile === undefined) throw new Error(`no profile ${device}`);
  return { profile, batch, length: spec.data.length, phases: TRAINING_PHASES, variants: "all" };
}

/** @throws Failure in place of TooLarge, with the largest pieces and a profile that would do */
export function refusingTooLarge<T>(spec: CheckedSpec, options: CompileOptions, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    throw doesNotFit(error, profileThatFits(spec, options));
  }
}

function doesNotFit({ pieces, limit, profile }: TooLarge, fits: string | undefined): Failure {
  const [largest] = pieces;
  const others = pieces.length > 1 ? `, and ${pieces.length - 1} more are too large` : "";
  const needed = `${largest?.what} takes ${size(largest?.bytes ?? 0)}${others}`;
  const message = `On ${profile.name} one binding holds ${size(limit)}; ${needed}.`;
  const help =
    fits === undefined
      ? "No known profile would do. Take a smaller batch, length or model; `mom inspect` shows what is needed."
      : `Take --device ${fits}, or a smaller batch, length or model.`;
  return new Failure([mistake("too-large", message, { help })]);
}
