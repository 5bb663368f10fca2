// Errors in `ablate` blocks: paths, values, and the number of variants.
import type { ErrorName } from "./codes.js";
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";
import { listed, suggestion } from "./nearest.js";

type Rest = Partial<Pick<Diagnostic, "found" | "expected" | "help" | "related" | "example">>;
const error = (name: ErrorName, message: string, span: Span, rest: Rest = {}): Diagnostic =>
  diagnosticOf(name, message, { span, ...rest });
const helped = (help: string | undefined): Rest => (help === undefined ? {} : { help });

/** @param meant similar paths */
export const unknownPath = (
  span: Span,
  name: string,
  owner: string,
  known: readonly string[],
  meant: readonly string[] = [],
): Diagnostic => {
  const help = meant.length > 0 ? `Did you mean ${listed(meant.slice(0, 3), "or")}?` : suggestion(name, known);
  return error("unknown-path", `${owner} has no \`${name}\`.`, span, helped(help));
};

export const pathToGroup = (span: Span, path: string, known: readonly string[]): Diagnostic =>
  error("path-to-group", `\`${path}\` is a group, not a field.`, span, {
    expected: `a path to one of ${listed(known, "and")}`,
    example: `${path}.${known[0]}`,
  });

export const variedTwice = (span: Span, path: string, earlier: Span): Diagnostic =>
  error("varied-twice", `\`${path}\` is already varied, by the same path or by one that contains it.`, span, {
    related: [{ span: earlier, note: "first varied here" }],
  });

export const notValues = (span: Span, path: string, known: readonly string[]): Diagnostic =>
  error("not-values", `The values of \`${path}\` must be a list, or a call that makes one.`, span, {
    expected: `a list, or ${listed(known, "or")}`,
    example: "vary train.seed: [1, 2, 3]",
  });

export const valueDoesNotFit = (span: Span, path: string, reason: string): Diagnostic =>
  error("value-does-not-fit", `This value of \`${path}\` makes the spec invalid: ${reason}`, span);

export const emptyRange = (span: Span): Diagnostic =>
  error("empty-range", "`to` is less than `from`, so there are no values.", span, { help: "Swap them." });

export const logOfNegative = (span: Span): Diagnostic =>
  error("log-of-negative", "A logarithmic scale needs `from` above 0.", span);

export const tooManyVariants = (span: Span, name: string, count: number, limit: number): Diagnostic =>
  error("too-many-variants", `\`${name}\` makes ${count.toLocaleString("en")} variants; the limit is ${limit}.`, span, {
    help: "Vary fewer fields at once, or use `sample`.",
  });

export const tooManyAblations = (span: Span, limit: number): Diagnostic =>
  error("too-many-ablations", `A spec has at most ${limit} \`ablate\` blocks.`, span, {
    help: "Move some of them to files that import this one.",
  });

export const baselineNotVaried = (span: Span, path: string, known: readonly string[]): Diagnostic =>
  error("baseline-not-varied", `\`${path}\` does not vary.`, span, {
    expected: known.length === 0 ? "a path that varies" : `one of ${listed(known, "and")}`,
  });

export const baselineNotAVariant = (span: Span, path: string): Diagnostic =>
  error("baseline-not-a-variant", `\`${path}\` never takes this value.`, span, {
    help: "The baseline must be one of the variants. Add the value to the varied list, or use another.",
  });

export const missingVary = (span: Span, name: string): Diagnostic =>
  error("missing-vary", `\`${name}\` varies nothing.`, span, {
    example: "vary train.seed: [1, 2, 3]",
  });

export const nothingToWiden = (span: Span): Diagnostic =>
  error("nothing-to-widen", "`widen_baseline` is set, but there is no `baseline`.", span, {
    help: "Add a `baseline`.",
    example: "baseline { mixer.decouple: [] }",
  });
