// What a thrown error means for the variant that was trained.
import { EXITS } from "../../ablate/folder.js";
import type { ErrorName } from "../../diagnostics/codes.js";
import { Failure } from "../../diagnostics/failure.js";
import { InputError } from "../../diagnostics/input-error.js";
import { DeviceError } from "../../gpu/device-error.js";
import { TooLarge } from "../../ir/too-large.js";

const TAKEN: ReadonlySet<string> = new Set<ErrorName>(["run-in-use", "run-exists", "run-taken-over"]);

/** Whether the error means that another process trains the variant. */
export const isTaken = (error: unknown): boolean =>
  error instanceof Failure && error.diagnostics.some(({ name }) => TAKEN.has(name));

/** The reason for a failure, and the exit code that `mom train` would have. */
export function failureOf(error: unknown): { readonly reason: string; readonly exit: number } {
  if (error instanceof Failure) {
    const isDivergence = error.diagnostics.some(({ name }) => name === "diverged");
    return { reason: error.message, exit: isDivergence ? EXITS.diverged : EXITS.input };
  }
  if (error instanceof InputError) return { reason: `${error.message} ${error.remedy}`, exit: EXITS.input };
  if (error instanceof DeviceError) return { reason: error.message, exit: EXITS.device };
  if (error instanceof TooLarge) return { reason: error.message, exit: EXITS.input };
  return { reason: error instanceof Error ? error.message : String(error), exit: EXITS.fault };
}
