// Mistakes in what is written where: fields, kinds, types and ranges.
import { allowHelp } from "./allow.js";
import type { MistakeName } from "./codes.js";
import { type Diagnostic, mistake, type Span } from "./diagnostic.js";
import { listed, suggestion } from "./nearest.js";

type Rest = Partial<Pick<Diagnostic, "found" | "expected" | "help" | "related" | "example">>;
const error = (name: MistakeName, message: string, span: Span, rest: Rest = {}): Diagnostic =>
  mistake(name, message, { span, ...rest });
const helped = (help: string | undefined): Rest => (help === undefined ? {} : { help });

export const duplicate = (span: Span, name: string, earlier: Span): Diagnostic =>
  error("duplicate", `\`${name}\` is given twice.`, span, {
    help: "Remove one of them.",
    related: [{ span: earlier, note: "given here first" }],
  });

export const reservedName = (span: Span, name: string): Diagnostic =>
  error("reserved-name", `\`${name}\` cannot be a name of your own: it has a meaning already.`, span, {
    help: "Choose another.",
  });

export const noName = (span: Span, name: string): Diagnostic =>
  error("no-name", `\`${name}\` is no name.`, span, {
    expected: "letters, digits and `_`, a letter or `_` first; `import`, `remove`, `true` and `false` are taken",
  });

export const unknownField = (span: Span, name: string, owner: string, known: readonly string[]): Diagnostic =>
  error("unknown-field", `${owner} has no field \`${name}\`.`, span, helped(suggestion(name, known)));

export const missingField = (span: Span, name: string, owner: string, meaning: string, example: string): Diagnostic =>
  error("missing-field", `${owner} lacks \`${name}\`.`, span, { help: meaning, example });

/** @param ofPath the kind among the known that is given a path */
export const unknownKind = (
  span: Span,
  name: string,
  what: string,
  known: readonly string[],
  ofPath?: string,
): Diagnostic =>
  error(
    "unknown-kind",
    `There is no ${what} \`${name}\`.`,
    span,
    ofPath !== undefined && /[./\\]/.test(name)
      ? { help: `Write \`${ofPath}("${name}")\`.` }
      : helped(suggestion(name, known)),
  );

export const missingKind = (span: Span, field: string, known: readonly string[]): Diagnostic =>
  error("missing-kind", `\`${field}\` must say its kind.`, span, {
    expected: listed(known, "or"),
    example: `${field}: ${known[0]}`,
  });

/** What a value of the wrong type may have meant: a number in quotes, one side of a square. */
function meantBy(found: string, expected: string): string | undefined {
  const quoted = /^"(-?[\d_.]+(?:e-?\d+)?|true|false)"$/.exec(found)?.[1];
  if (quoted !== undefined && /number|true/.test(expected)) return `Write it without quotes: \`${quoted}\`.`;
  if (/^\d+$/.test(found) && expected.includes("32x32")) return `A square is \`${found}x${found}\`.`;
  return undefined;
}

export const wrongType = (span: Span, field: string, found: string, expected: string, example?: string): Diagnostic =>
  error("wrong-type", `\`${field}\` cannot be \`${found}\`.`, span, {
    found,
    expected,
    ...helped(meantBy(found, expected)),
    ...(example === undefined ? {} : { example }),
  });

/** One thing where a list of them is wanted. */
export const noList = (span: Span, field: string, found: string, expected: string, example?: string): Diagnostic =>
  error("wrong-type", `\`${field}\` cannot be \`${found}\`.`, span, {
    found,
    expected,
    help: `A list stands in brackets${example === undefined ? "" : `, as \`${example}\` does`}.`,
  });

export const outOfRange = (span: Span, field: string, found: string, expected: string): Diagnostic =>
  error("out-of-range", `\`${field}\` cannot be \`${found}\`.`, span, { found, expected });

export const unknownWord = (span: Span, field: string, name: string, known: readonly string[]): Diagnostic =>
  error("unknown-word", `\`${field}\` cannot be \`${name}\`.`, span, helped(suggestion(name, known)));

export const wrongCount = (span: Span, field: string, found: number, expected: string): Diagnostic =>
  error("wrong-count", `\`${field}\` has ${found === 0 ? "none" : found}.`, span, {
    expected,
  });

export const needsName = (span: Span, kind: string, example: string): Diagnostic =>
  error("needs-name", `Every \`${kind}\` has a name of its own.`, span, {
    help: `Write \`${kind} NAME\`.`,
    example,
  });

export const takesNoName = (span: Span, field: string, name: string): Diagnostic =>
  error("takes-no-name", `\`${field}\` is no kind of thing that has names: \`${name}\` says nothing.`, span, {
    help: `Write \`${field}: …\`.`,
  });

export const unnamedArgument = (span: Span, call: string, known: readonly string[]): Diagnostic =>
  error("unnamed-argument", `\`${call}\` needs the name of every argument.`, span, {
    ...(known.length === 0
      ? { help: `\`${call}\` takes no arguments.` }
      : { expected: `one of ${listed(known, "and")}`, example: `${call}(${known[0]}: …)` }),
  });

export const misplacedSum = (span: Span): Diagnostic =>
  error("misplaced-sum", "Products and sums are for the `layers` of a model; numbers are written out.", span, {
    help: "Write the result.",
  });

/** @param why begins with the place in the file @param help the remedy, a sentence */
export const tokenizerUnreadable = (span: Span, path: string, why: string, help: string): Diagnostic =>
  error("tokenizer", `\`${path}\` cannot be used as a tokenizer: ${why}.`, span, { help });

export const codebookUnreadable = (span: Span, path: string, why: string): Diagnostic =>
  error("codebook", `The codes of \`${path}\` cannot be counted: ${why}.`, span, {
    help: "Fit one with `mom data codebook` (pictures) or `mom data units` (speech), or give the number of codes as `vocab`.",
    example: "codes(vocab: 512)",
  });

/** @param folder what would have to be allowed */
export const fileOutside = (span: Span, path: string, folder: string): Diagnostic =>
  error("file-outside", `\`${path}\` is outside the project's folder.`, span, { help: allowHelp(folder) });

/** @param reason a clause */
export const fileUnreadable = (span: Span, path: string, reason: string): Diagnostic =>
  error("file-unreadable", `\`${path}\` cannot be read: ${reason}.`, span, {
    help: "Correct the path, or put a file there that you may read.",
  });

/** What the validator rejects and no other message covers: a spec with a finding is never accepted. */
export const rejected = (
  span: Span,
  finding?: { readonly instancePath: string; readonly message?: string },
): Diagnostic =>
  error(
    "wrong-type",
    `The spec is invalid at \`${finding?.instancePath || "/"}\`: ${finding?.message ?? "unknown"}.`,
    span,
    {
      help: "`mom schema` prints what may be written where.",
    },
  );
