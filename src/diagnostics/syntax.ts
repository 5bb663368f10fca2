// Errors in how a spec is written: characters, words, brackets, entries.
import type { ErrorName } from "./codes.js";
import { type Diagnostic, diagnosticOf, type Span } from "./diagnostic.js";

const error = (
  name: ErrorName,
  message: string,
  span: Span,
  rest: Parameters<typeof diagnosticOf>[2] = {},
): Diagnostic => diagnosticOf(name, message, { span, ...rest });

export const sourceTooLarge = (path: string, limit: number): Diagnostic =>
  error(
    "source-too-large",
    `This file is larger than ${limit / 2 ** 20} MiB, the limit for a spec.`,
    { path, start: 0, end: 0 },
    { help: "Move data into files that `data { source: files(…) }` names." },
  );

export const strangeCharacters = (span: Span, text: string): Diagnostic =>
  error("strange-character", `${quoted(text)} has no meaning here.`, span, {
    help: text.startsWith("/")
      ? "Comments start with `//` and end at the end of the line. There are no `/* … */` comments."
      : text.startsWith("-")
        ? "Names use underscores, as in `out_proj`. There is no subtraction."
        : "Remove it, or put the string in double quotes.",
  });

export const foreignComment = (span: Span, begin: string): Diagnostic =>
  error("foreign-comment", "A comment starts with `//` and ends at the end of its line.", span, {
    title: `\`${begin}\` for \`//\``,
    help: `Write \`//\` instead of \`${begin}\``.concat(begin === "#" ? "." : ", on every line."),
  });

export const hyphenInName = (span: Span, name: string, fixed: string): Diagnostic =>
  error(
    "hyphen-in-name",
    `\`${name}\` is not a valid name: names have no hyphens, and there is no subtraction.`,
    span,
    {
      help: `Write \`${fixed}\`.`,
    },
  );

export const unclosedString = (span: Span): Diagnostic =>
  error("unclosed-string", "This string has no closing quote on its line.", span, {
    help: 'Close it with `"`.',
  });

export const singleQuotes = (span: Span): Diagnostic =>
  error("single-quotes", "Strings need double quotes.", span, {
    help: "Replace `'` with `\"`.",
  });

export const badEscape = (span: Span): Diagnostic =>
  error("bad-escape", "This string has an unknown escape sequence.", span, {
    expected: '`\\\\`, `\\"`, `\\n`, `\\t` or `\\u` with four hexadecimal digits',
  });

export const brokenNumber = (span: Span, text: string): Diagnostic =>
  error("broken-number", `${quoted(text)} is neither a number nor a size.`, span, {
    help: /^-?\./.test(text) ? "Write a digit before the decimal point: `0.5`." : undefinedHelp(text),
    example: "3e-4, 65_536, 0.1, 32x32",
  });

const undefinedHelp = (text: string): string =>
  /^\d+x/i.test(text)
    ? "A size is height × width, two whole numbers: `32x32`."
    : "Numbers have no units and no suffixes. `mom explain` shows the unit of each field.";

export const equalsSign = (span: Span): Diagnostic =>
  error("equals-sign", "Values are set with `:`, not with `=`.", span, {
    help: "Write `name: value`.",
  });

export const semicolon = (span: Span): Diagnostic =>
  error("semicolon", "Entries end at the end of the line or at a comma, not at `;`.", span, {
    help: "Remove it.",
  });

export const nestedTooDeep = (span: Span, limit: number): Diagnostic =>
  error("nested-too-deep", `${limit + 1} brackets are open here; the limit is ${limit}.`, span, {
    help: "Remove brackets. Specs are usually about five deep.",
  });

export const missingClose = (span: Span, close: string, opener: Span, name: string | undefined): Diagnostic =>
  error(
    "missing-close",
    name === undefined
      ? `A \`${close}\` is missing here.`
      : `A \`${close}\` is missing here: \`${name}\` is still open.`,
    span,
    { title: `Missing \`${close}\``, help: `Add \`${close}\`.`, related: [{ span: opener, note: "opened here" }] },
  );

export const extraClose = (span: Span, close: string): Diagnostic =>
  error("extra-close", `This \`${close}\` has no matching opening bracket.`, span, {
    title: `Unmatched \`${close}\``,
    help: "Remove it.",
  });

export const wrongClose = (span: Span, found: string, expected: string, opener: Span): Diagnostic =>
  error("wrong-close", `This \`${found}\` should be \`${expected}\`.`, span, {
    related: [{ span: opener, note: "opened here" }],
  });

export const braceOnOwnLine = (span: Span): Diagnostic =>
  error("brace-on-own-line", "The `{` must be on the line of its entry.", span, {
    help: "Move it to the end of the line above.",
    example: "model {",
  });

export const unexpected = (span: Span, found: string, expected: string): Diagnostic =>
  error("unexpected", `${found.charAt(0).toUpperCase()}${found.slice(1)} is not allowed here.`, span, { expected });

const SEPARATED = { items: "The items of a list", arguments: "Arguments", pairs: "Entries in braces within a call" };

export const missingSeparator = (span: Span, between: "entries" | "items" | "arguments" | "pairs"): Diagnostic =>
  error(
    "missing-separator",
    between === "entries"
      ? "A new entry starts here, on the line of the previous one."
      : "A comma is missing before this.",
    span,
    {
      title: between === "entries" ? "Two entries on one line" : "Missing comma",
      help:
        between === "entries"
          ? "Start a new line, or add a comma between them."
          : `${SEPARATED[between]} need commas between them, on one line or on several.`,
    },
  );

export const extraComma = (span: Span): Diagnostic =>
  error("extra-comma", "There is nothing before this comma.", span, {
    help: "Remove it.",
  });

export const positionalAfterFirst = (span: Span, call: string): Diagnostic =>
  error("second-positional", `\`${call}\` takes only one argument without a name.`, span, {
    help: "Write `name: value`.",
    example: "ddpm(weight: 5, steps: 1000)",
  });

const quoted = (text: string): string => `\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\``;
