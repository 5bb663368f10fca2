// Errors in fields, kinds, types and ranges.
import { allowHelp } from "./allow.js";
import type { ErrorName } from "./codes.js";
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";
import { listed, suggestion } from "./nearest.js";

type Rest = Partial<Pick<Diagnostic, "found" | "expected" | "help" | "related" | "example">>;
const error = (name: ErrorName, message: string, span: Span, rest: Rest = {}): Diagnostic =>
  diagnosticOf(name, message, { span, ...rest });
const helped = (help: string | undefined): Rest => (help === undefined ? {} : { help });

export const duplicate = (span: Span, name: string, earlier: Span): Diagnostic =>
  error("duplicate", `\`${name}\` is set twice.`, span, {
    help: "Remove one of them.",
    related: [{ span: earlier, note: "first set here" }],
  });

export const reservedName = (span: Span, name: string): Diagnostic =>
  error("reserved-name", `\`${name}\` is a reserved name.`, span, {
    help: "Choose another name.",
  });

export const noName = (span: Span, name: string): Diagnostic =>
  error("no-name", `\`${name}\` is not a valid name.`, span, {
    expected: "letters, digits and `_`, starting with a letter or `_`, except `import`, `remove`, `true` and `false`",
  });

export const unknownField = (span: Span, name: string, owner: string, known: readonly string[]): Diagnostic =>
  error("unknown-field", `${owner} has no field \`${name}\`.`, span, helped(suggestion(name, known)));

export const missingField = (span: Span, name: string, owner: string, meaning: string, example: string): Diagnostic =>
  error("missing-field", `${owner} needs the field \`${name}\`.`, span, { help: meaning, example });

/** @param ofPath the known kind that takes a path */
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
  error("missing-kind", `\`${field}\` needs a kind.`, span, {
    expected: listed(known, "or"),
    example: `${field}: ${known[0]}`,
  });

/** The likely meaning of a value of the wrong type: a number in quotes, or one side of a square. */
function meantBy(found: string, expected: string): string | undefined {
  const quoted = /^"(-?[\d_.]+(?:e-?\d+)?|true|false)"$/.exec(found)?.[1];
  if (quoted !== undefined && /number|true/.test(expected)) return `Write it without quotes: \`${quoted}\`.`;
  if (/^[\w.-]+$/.test(found) && expected.includes("column")) return `Put it in quotes: \`"${found}"\`.`;
  if (/^\d+$/.test(found) && expected.includes("32x32")) return `For a square, write \`${found}x${found}\`.`;
  return undefined;
}

export const wrongType = (span: Span, field: string, found: string, expected: string, example?: string): Diagnostic =>
  error("wrong-type", `\`${field}\` cannot be \`${found}\`.`, span, {
    found,
    expected,
    ...helped(meantBy(found, expected)),
    ...(example === undefined ? {} : { example }),
  });

/** A single value instead of a list. */
export const noList = (span: Span, field: string, found: string, expected: string, example?: string): Diagnostic =>
  error("wrong-type", `\`${field}\` cannot be \`${found}\`.`, span, {
    found,
    expected,
    help: `Put it in brackets${example === undefined ? "" : `, as in \`${example}\``}.`,
  });

export const outOfRange = (span: Span, field: string, found: string, expected: string): Diagnostic =>
  error("out-of-range", `\`${field}\` cannot be \`${found}\`.`, span, { found, expected });

export const unknownWord = (span: Span, field: string, name: string, known: readonly string[]): Diagnostic =>
  error("unknown-word", `\`${field}\` cannot be \`${name}\`.`, span, helped(suggestion(name, known)));

export const wrongCount = (span: Span, field: string, found: number, expected: string): Diagnostic =>
  error(
    "wrong-count",
    `\`${field}\` has ${found === 0 ? "no items" : found === 1 ? "1 item" : `${found} items`}.`,
    span,
    {
      expected,
    },
  );

export const needsName = (span: Span, kind: string, example: string): Diagnostic =>
  error("needs-name", `Every \`${kind}\` needs a name.`, span, {
    help: `Write \`${kind} NAME\`.`,
    example,
  });

export const takesNoName = (span: Span, field: string, name: string): Diagnostic =>
  error("takes-no-name", `\`${field}\` does not take a name: remove \`${name}\`.`, span, {
    help: `Write \`${field}: …\`.`,
  });

export const unnamedArgument = (span: Span, call: string, known: readonly string[]): Diagnostic =>
  error("unnamed-argument", `\`${call}\` needs the name of every argument.`, span, {
    ...(known.length === 0
      ? { help: `\`${call}\` takes no arguments.` }
      : { expected: `one of ${listed(known, "and")}`, example: `${call}(${known[0]}: …)` }),
  });

export const misplacedSum = (span: Span): Diagnostic =>
  error("misplaced-sum", "Products and sums are allowed only in `layers`.", span, {
    help: "Write the result.",
  });

/** @param why starts with the place in the file @param help a sentence */
export const tokenizerUnreadable = (span: Span, path: string, why: string, help: string): Diagnostic =>
  error("tokenizer", `\`${path}\` cannot be used as a tokenizer: ${why}.`, span, { help });

export const codebookUnreadable = (span: Span, path: string, why: string): Diagnostic =>
  error("codebook", `\`${path}\` cannot be read as a codebook: ${why}.`, span, {
    help: "Fit one with `mom data codebook` (pictures) or `mom data units` (speech), or set `vocab` to the number of codes.",
    example: "codes(vocab: 512)",
  });

/** @param folder the folder to allow */
export const fileOutside = (span: Span, path: string, folder: string): Diagnostic =>
  error("file-outside", `\`${path}\` is outside the project's folder.`, span, { help: allowHelp(folder) });

/** @param reason a clause */
export const fileUnreadable = (span: Span, path: string, reason: string): Diagnostic =>
  error("file-unreadable", `\`${path}\` cannot be read: ${reason}.`, span, {
    help: "Correct the path, or create a file there that you can read.",
  });

/** A finding of the validator that no other message covers. A spec with a finding is never accepted. */
export const rejected = (
  span: Span,
  finding?: { readonly instancePath: string; readonly message?: string },
): Diagnostic =>
  error(
    "wrong-type",
    `The spec is invalid at \`${finding?.instancePath || "/"}\`: ${finding?.message ?? "unknown"}.`,
    span,
    {
      help: "`mom schema` prints the schema.",
    },
  );
