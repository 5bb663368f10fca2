// Errors in data sources: their columns, their order, their weights, and validation.
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";
import { unknownField } from "./fields.js";
import { unknownModality } from "./model.js";
import { listed, nearest } from "./nearest.js";

/** A key of a source that is neither a modality nor one of its fields. */
export function unknownColumn(
  span: Span,
  name: string,
  kind: string,
  modalities: readonly string[],
  fields: readonly string[],
): Diagnostic {
  const [near] = nearest(name, [...modalities, ...fields]);
  return near !== undefined && fields.includes(near)
    ? unknownField(span, name, `\`${kind}\``, fields)
    : unknownModality(span, name, modalities);
}

export const noColumns = (span: Span, kind: string, modality: string): Diagnostic =>
  diagnosticOf("no-columns", `\`${kind}\` has no column for any modality.`, {
    span,
    help: "For each modality, write its name and its column.",
    example: `${kind}("…", ${modality}: COLUMN)`,
  });

/** @param twice whether it is listed before */
export const orderOf = (span: Span, name: string, twice: boolean, mapped: readonly string[]): Diagnostic =>
  diagnosticOf(
    "order-differs",
    twice ? `\`order\` lists \`${name}\` twice.` : `\`order\` lists \`${name}\`, which has no column.`,
    {
      span,
      help:
        mapped.length === 0
          ? "Map a column to it, or remove `order`."
          : `List ${listed(mapped, "and")}${mapped.length > 1 ? ", each" : ""} once.`,
    },
  );

export const orderWithout = (span: Span, left: readonly string[]): Diagnostic =>
  diagnosticOf("order-differs", `\`order\` leaves out ${listed(left, "and")}.`, {
    span,
    help: "List every modality that has a column, each once.",
  });

export const weightAlone = (span: Span): Diagnostic =>
  diagnosticOf("weight-alone", "`weight` has no effect on a source that is not in a list of sources.", {
    span,
    help: "Remove it.",
  });

export const heldOutBeside = (span: Span, validation: Span): Diagnostic =>
  diagnosticOf("held-out-beside-validation", "`held_out` cannot be set together with `validation`.", {
    span,
    help: "Remove `held_out` to validate on the documents of `validation`, or remove `validation` to hold out documents of `source`.",
    related: [{ span: validation, note: "`validation` is set here" }],
  });
