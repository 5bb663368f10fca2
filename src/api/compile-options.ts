// How a spec is compiled for a profile, and what is said where it is too large for that.
import { type CompileOptions, TRAINING_PHASES } from "../compile.js";
import { mistake } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import type { CheckedSpec } from "../front/spec.js";
import { profileThatFits } from "../inspect/inspection.js";
import { size } from "../inspect/inspection-text.js";
import { profileNamed } from "../ir/profiles.js";
import { TooLarge } from "../ir/too-large.js";

/** Training, with every variant that the profile admits. `device` is the name of a profile. */
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
