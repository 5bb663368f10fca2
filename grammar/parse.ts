// Parses text into a syntax tree. Every text gives a tree, and a diagnostic for everything that is left out.

import type { Diagnostic, Source } from "../src/diagnostics/diagnostic.js";
import { braceOnOwnLine, sourceTooLarge, unexpected } from "../src/diagnostics/syntax.js";
import { balance, tooDeep } from "./brackets.js";
import { EOF, type IToken } from "./chevrotain.js";
import type { FileCstNode } from "./cst.js";
import { parser } from "./parser.js";
import { spanOf, tokenize } from "./tokenize.js";
import * as t from "./tokens.js";
import { Newline } from "./tokens.js";
import type { Entry } from "./tree.js";
import { TreeVisitor } from "./visitor.js";

/** In UTF-16 units; a UTF-8 file never has more of them than bytes. */
export const SOURCE_LIMIT = 2 ** 20;

/** The largest number of errors that are reported for a file. */
const REPORTED = 50;

export interface Parsed {
  readonly entries: readonly Entry[];
  readonly diagnostics: readonly Diagnostic[];
}

const visitor = new TreeVisitor();

const known = new WeakMap<Source, Parsed>();

/** Each source object is parsed once, so unchanged files cost nothing when a spec is checked again. */
export function parse(source: Source): Parsed {
  const parsed = known.get(source) ?? parseText(source);
  known.set(source, parsed);
  return parsed;
}

function parseText(source: Source): Parsed {
  const { path, text } = source;
  if (text.length > SOURCE_LIMIT) return { entries: [], diagnostics: [sourceTooLarge(path, SOURCE_LIMIT)] };
  const lexed = tokenize(source);
  const deep = tooDeep(lexed.tokens, path);
  if (deep !== undefined) return { entries: [], diagnostics: [...lexed.diagnostics, deep] };

  const closed = balance(lexed.tokens, path);
  const joined = joinLines(closed.tokens, path);
  const diagnostics = [...lexed.diagnostics, ...closed.diagnostics, ...joined.diagnostics];

  parser.input = joined.tokens;
  const file = parser.file() as FileCstNode | undefined;
  for (const e of parser.errors) {
    const end = { path, start: text.length, end: text.length };
    diagnostics.push(unexpected(place(e.token, path) ?? end, nameOf(e.token), e.message));
  }
  const entries =
    file === undefined
      ? []
      : visitor.file(file.children, { path, docs: docsBefore(lexed.tokens, lexed.docs), diagnostics });
  return { entries, diagnostics: causes(diagnostics, text) };
}

const place = (token: IToken, path: string) => (Number.isNaN(token.startOffset) ? undefined : spanOf(path, token));

function nameOf({ tokenType, image }: IToken): string {
  if (tokenType === EOF) return "the end of the file";
  if (tokenType === Newline) return "the end of the line";
  return `\`${image.length > 40 ? `${image.slice(0, 40)}…` : image}\``;
}

/** The `///` lines before each word, by the word's offset. After an entry on the same line, `///` is an ordinary comment. */
function docsBefore(tokens: readonly IToken[], docs: readonly IToken[]): Map<number, string[]> {
  const found = new Map<number, string[]>();
  let next = 0;
  let line = 0;
  for (const token of tokens) {
    if (token.tokenType === Newline) continue;
    const lines: string[] = [];
    for (let doc = docs[next]; doc !== undefined && doc.startOffset < token.startOffset; doc = docs[++next]) {
      if (doc.startLine !== line) lines.push(doc.image.slice(3).trim());
    }
    if (lines.length > 0) found.set(token.startOffset, lines);
    line = token.endLine ?? line;
  }
  return found;
}

/** Errors that follow from another one on the same line. */
const FOLLOWING = new Set(["unexpected", "missing-separator"]);

/** In the order of the text. The first error on a line is the cause; errors that follow from it are left out. */
function causes(diagnostics: readonly Diagnostic[], text: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const lineOf = lineCounter(text);
  let last = -1;
  for (const diagnostic of [...diagnostics].sort((a, b) => startOf(a) - startOf(b))) {
    const line = lineOf(startOf(diagnostic));
    const previous = found.at(-1);
    const here = line === last;
    const swallowed = diagnostic.name === "missing-close" && previous?.name === "unclosed-string";
    if (here && (FOLLOWING.has(diagnostic.name) || swallowed || startOf(diagnostic) === startOf(previous))) continue;
    if (found.push(diagnostic) === REPORTED) break;
    last = line;
  }
  return found;
}

const startOf = (diagnostic: Diagnostic | undefined) => diagnostic?.span?.start ?? 0;

/** Returns the line of an offset; offsets must not decrease. */
function lineCounter(text: string): (offset: number) => number {
  let line = 0;
  let at = 0;
  return (offset) => {
    for (; at < offset; at++) if (text[at] === "\n" || (text[at] === "\r" && text[at + 1] !== "\n")) line++;
    return line;
  };
}

/** Requires balanced brackets. A `{` on its own line is reported and joined to its entry. */
function joinLines(tokens: readonly IToken[], path: string): { tokens: IToken[]; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const out: IToken[] = [];
  let depth = 0;
  let newline: IToken | undefined;
  for (const token of tokens) {
    const { tokenType } = token;
    if (tokenType === t.Newline) {
      newline ??= token;
      continue;
    }
    const previous = out.at(-1)?.tokenType;
    const operator = isOperator(tokenType) || (previous !== undefined && isOperator(previous));
    if (newline !== undefined && depth === 0 && !operator) {
      if (tokenType === t.LeftBrace && previous !== undefined && ENDS_HEAD.has(previous)) {
        diagnostics.push(braceOnOwnLine(spanOf(path, token)));
      } else {
        out.push(newline);
      }
    }
    newline = undefined;
    if (tokenType === t.LeftParen || tokenType === t.LeftBracket) depth++;
    if (tokenType === t.RightParen || tokenType === t.RightBracket) depth--;
    out.push(token);
  }
  return { tokens: out, diagnostics };
}

const ENDS_HEAD = new Set([t.Name, t.RightParen]);
const isOperator = (type: IToken["tokenType"]) => type === t.Plus || type === t.Times;
