// The kernels that a run started with, by the keys of their nodes. A resumed run uses the same ones, even if faster ones
// are known by then.

import { InputError } from "../diagnostics/input-error.js";
import { isRecord } from "../diagnostics/json-shape.js";
import type { Choices } from "../ir/plan.js";
import { pathIn, type Run } from "./run-folder.js";

const isChoices = (value: unknown): value is Choices =>
  isRecord(value) && Object.values(value).every((variant) => typeof variant === "string");

/** A run's `choices.json`. @param device its name, for readers of the file */
export const choicesText = (choices: Choices, device: string): string =>
  `${JSON.stringify({ device, choices }, undefined, 1)}\n`;

/** The choices in such a file; undefined if it is invalid. */
export function parseChoices(text: string): Choices | undefined {
  try {
    const file: unknown = JSON.parse(text);
    return isRecord(file) && isChoices(file.choices) ? file.choices : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The recorded choices; undefined if the folder has none.
 * @throws InputError if the file is damaged
 */
export function recordedChoices(run: Run): Choices | undefined {
  const path = pathIn(run, "choices");
  if (!run.disk.exists(path)) return undefined;
  const choices = parseChoices(new TextDecoder().decode(run.disk.read(path)));
  if (choices !== undefined) return choices;
  throw new InputError(
    "bad-record",
    `${path} does not list the kernels that the run started with.`,
    "Restore it from a copy. Without the file, the run continues with the first kernels that the device supports.",
  );
}
