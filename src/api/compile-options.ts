// Compile options of a spec for a profile, and the error for a spec that is too large for it.
import { type CompileOptions, TRAINING_PHASES } from "../compile.js";
import { diagnosticOf } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/failure.js";
import type { CheckedSpec } from "../front/spec.js";
import { profileThatFits } from "../inspect/inspection.js";
import { size } from "../inspect/inspection-text.js";
import { profileNamed } from "../ir/profiles.js";
import { TooLarge } from "../ir/too-large.js";

/** Options for training, with every variant that the profile supports. `device` is the name of a profile. */
export function trainingOptions(spec: CheckedSpec, device: string, batch = spec.train.batch): CompileOptions {
  const profile = profileNamed(device);
  if (profile === undefined) throw new Error(`unknown profile ${device}`);
  return { profile, batch, length: spec.data.length, phases: TRAINING_PHASES, variants: "all" };
}

/** @throws Failure in place of TooLarge, with the largest buffers and a profile that is large enough */
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
  const others = pieces.length > 1 ? `, and ${pieces.length - 1} more exceed the limit` : "";
  const needed = `${largest?.what} needs ${size(largest?.bytes ?? 0)}${others}`;
  const message = `A binding on ${profile.name} is limited to ${size(limit)}; ${needed}.`;
  const help =
    fits === undefined
      ? "No known profile is large enough. Use a smaller batch, length or model; `mom inspect` shows the memory that is needed."
      : `Use --device ${fits}, or a smaller batch, length or model.`;
  return new Failure([diagnosticOf("too-large", message, { help })]);
}
