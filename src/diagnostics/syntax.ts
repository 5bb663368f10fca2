// Mistakes in how a spec is written: characters, words, brackets, entries.
import type { MistakeName } from "./codes.js";
import { type Diagnostic, mistake, type Span } from "./diagnostic.js";

const error = (name: MistakeName, message: string, span: Span, rest: Parameters<typeof mistake>[2] = {}): Diagnostic =>
  mistake(name, message, { span, ...rest });

export const sourceTooLarge = (path: string, limit: number): Diagnostic =>
  error(
    "source-too-large",
    `This file is larger than ${limit / 2 ** 20} MiB, the limit for a spec.`,
    { path, start: 0, end: 0 },
    { help: "A spec describes a model; data belongs into files that `data { source: files(…) }` names." },
  );

export const strangeCharacters = (span: Span, text: string): Diagnostic =>
  error("strange-character", `${quoted(text)} has no meaning here.`, span, {
    help: text.startsWith("/")
      ? "Comments begin with `//` and end with their line; there are no `/* … */` comments."
      : text.startsWith("-")
        ? "Names are written with underscores, as in `out_proj`; there is no subtraction."
        : "Remove it, or put text into double quotes.",
  });

export const foreignComment = (span: Span, begin: string): Diagnostic =>
  error("foreign-comment", "A comment begins with `//` and ends with its line.", span, {
    title: `\`${begin}\` for \`//\``,
    help: `Write \`//\` instead of \`${begin}\``.concat(begin === "#" ? "." : ", on every line."),
  });

export const hyphenInName = (span: Span, name: string, mended: string): Diagnostic =>
  error("hyphen-in-name", `\`${name}\` is no name: names have no hyphens, and there is no subtraction.`, span, {
    help: `Write \`${mended}\`.`,
  });

export const unclosedString = (span: Span): Diagnostic =>
  error("unclosed-string", "This text has no closing quote on its line.", span, {
    help: 'Close it with `"`.',
  });

export const singleQuotes = (span: Span): Diagnostic =>
  error("single-quotes", "Text is written in double quotes.", span, {
    help: "Replace `'` by `\"`.",
  });

export const badEscape = (span: Span): Diagnostic =>
  error("bad-escape", "A backslash in this text begins no escape that I know.", span, {
    expected: '`\\\\`, `\\"`, `\\n`, `\\t` or `\\u` with four hexadecimal digits',
  });

export const brokenNumber = (span: Span, text: string): Diagnostic =>
  error("broken-number", `${quoted(text)} is neither a number nor a size.`, span, {
    help: /^-?\./.test(text) ? "Write a digit before the point: `0.5`." : undefinedHelp(text),
    example: "3e-4, 65_536, 0.1, 32x32",
  });

const undefinedHelp = (text: string): string =>
  /^\d+x/i.test(text)
    ? "A size is height × width, two whole numbers: `32x32`."
    : "Numbers have no units and no suffixes; what a field counts is fixed (`mom explain` tells).";

export const equalsSign = (span: Span): Diagnostic =>
  error("equals-sign", "A value is given with `:`, not with `=`.", span, {
    help: "Write `name: value`.",
  });

export const semicolon = (span: Span): Diagnostic =>
  error("semicolon", "Entries end with their line or with a comma, not with `;`.", span, {
    help: "Remove it.",
  });

export const nestedTooDeep = (span: Span, limit: number): Diagnostic =>
  error("nested-too-deep", `This bracket is the ${limit + 1}th one open; the limit is ${limit}.`, span, {
    help: "Take brackets away. A spec as the language means it is about five deep.",
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
  error("extra-close", `This \`${close}\` closes nothing.`, span, {
    title: `\`${close}\` too many`,
    help: "Remove it.",
  });

export const wrongClose = (span: Span, found: string, expected: string, opener: Span): Diagnostic =>
  error("wrong-close", `This \`${found}\` should be \`${expected}\`.`, span, {
    related: [{ span: opener, note: "opened here" }],
  });

export const braceOnOwnLine = (span: Span): Diagnostic =>
  error("brace-on-own-line", "A `{` stands on the line of its entry.", span, {
    help: "Move it to the end of the line above.",
    example: "model {",
  });

export const unexpected = (span: Span, found: string, expected: string): Diagnostic =>
  error("unexpected", `I did not expect ${found} here.`, span, { expected });

export const missingSeparator = (span: Span, between: "entries" | "items" | "arguments"): Diagnostic =>
  error(
    "missing-separator",
    between === "entries"
      ? "A new entry begins here, on the line of the one before."
      : "A comma is missing before this.",
    span,
    {
      title: between === "entries" ? "Two entries on one line" : "Missing comma",
      help:
        between === "entries"
          ? "Begin a new line, or put a comma between them."
          : `${between === "items" ? "Items of a list" : "Arguments"} are separated by commas, on one line or on several.`,
    },
  );

export const extraComma = (span: Span): Diagnostic =>
  error("extra-comma", "There is nothing between this comma and what stands before it.", span, {
    help: "Remove it.",
  });

export const positionalAfterFirst = (span: Span, call: string): Diagnostic =>
  error("second-positional", `\`${call}\` can take one argument without a name, not two.`, span, {
    help: "Write `name: value`.",
    example: "ddpm(weight: 5, steps: 1000)",
  });

const quoted = (text: string): string => `\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\``;
