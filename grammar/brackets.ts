// Checks the nesting of brackets, and finds missing ones. Works on tokens, before the parser, because a parser only
// notices a missing `}` at the end of the file, and a recursive parser must not see deep nesting.

import type { Diagnostic } from "../src/diagnostics/diagnostic.js";
import * as report from "../src/diagnostics/syntax.js";
import { createTokenInstance, type IToken, type TokenType } from "./chevrotain.js";
import { schema } from "./schema.gen.js";
import { spanOf } from "./tokenize.js";
import * as t from "./tokens.js";

export const NESTING = 64;

const CLOSER = new Map<TokenType, TokenType>([
  [t.LeftBrace, t.RightBrace],
  [t.LeftBracket, t.RightBracket],
  [t.LeftParen, t.RightParen],
]);
const CLOSERS = new Set<TokenType>(CLOSER.values());
const IMAGES = new Map<TokenType, string>([
  [t.RightBrace, "}"],
  [t.RightBracket, "]"],
  [t.RightParen, ")"],
]);
const SECTIONS = new Set(Object.keys(schema.properties));

interface Open {
  readonly token: IToken;
  readonly closer: TokenType;
  /** Whether it is `{` in a call or a list: not of a group, but of a map. */
  readonly map: boolean;
  /** The first word on the line that opens it, and its column. */
  readonly indent: number;
  readonly name: string | undefined;
  /** The column of the first word on the first line inside it. */
  inner: number | undefined;
}

/** The first bracket that exceeds the limit. */
export function tooDeep(tokens: readonly IToken[], path: string): Diagnostic | undefined {
  let depth = 0;
  for (const token of tokens) {
    if (CLOSER.has(token.tokenType) && ++depth > NESTING) return report.nestedTooDeep(spanOf(path, token), NESTING);
    if (CLOSERS.has(token.tokenType) && depth > 0) depth--;
  }
  return undefined;
}

function balanced(tokens: readonly IToken[]): boolean {
  const open: { readonly closer: TokenType; readonly map: boolean }[] = [];
  for (const [i, { tokenType }] of tokens.entries()) {
    const closer = CLOSER.get(tokenType);
    if (closer !== undefined) {
      const map = opensMap(tokens, i, open.at(-1));
      // A list, a call or a map never contains a group.
      if (tokenType === t.LeftBrace && !map && open.length > 0 && !isGroup(open.at(-1))) return false;
      open.push({ closer, map });
    } else if (CLOSERS.has(tokenType) && open.pop()?.closer !== tokenType) return false;
  }
  return open.length === 0;
}

const isGroup = (one: Pick<Open, "closer" | "map"> | undefined): boolean => one?.closer === t.RightBrace && !one.map;

/** The tokens that a value can follow in a call, a list or a map. */
const BEFORE_VALUE = new Set([t.Colon, t.Comma, t.LeftParen, t.LeftBracket]);

/** Whether token `i` is the `{` of a map: a value is expected there, and it is within a call, a list or another map. */
function opensMap(tokens: readonly IToken[], i: number, inner: Pick<Open, "closer" | "map"> | undefined): boolean {
  if (tokens[i]?.tokenType !== t.LeftBrace || inner === undefined || isGroup(inner)) return false;
  let before = i - 1;
  while (tokens[before]?.tokenType === t.Newline) before--;
  return BEFORE_VALUE.has(tokens[before]?.tokenType ?? t.Newline);
}

const braces = ({ tokenType }: IToken): number => (tokenType === t.LeftBrace ? 1 : tokenType === t.RightBrace ? -1 : 0);

/** If an entry starts at token `i` (`a.b:`, `kind name:`, `name {`, `import`, `remove`), the index after its names. */
function entryAt(tokens: readonly IToken[], i: number): number | undefined {
  const first = tokens[i]?.tokenType;
  if (first === t.Import || first === t.Remove) return i + 1;
  let at = i;
  for (let path = 0; path < 2 && tokens[at]?.tokenType === t.Name; path++) {
    at++;
    while (tokens[at]?.tokenType === t.Dot && tokens[at + 1]?.tokenType === t.Name) at += 2;
  }
  const after = tokens[at]?.tokenType;
  return at > i && (after === t.Colon || after === t.LeftBrace) ? at : undefined;
}

function sectionAt(tokens: readonly IToken[], i: number): boolean {
  if (tokens[i]?.tokenType === t.Import) return true;
  const end = entryAt(tokens, i);
  return end !== undefined && SECTIONS.has(tokens[i]?.image ?? "") && tokens[end]?.tokenType === t.LeftBrace;
}

/** The state of closing brackets. */
interface Mending {
  readonly path: string;
  readonly tokens: readonly IToken[];
  readonly out: IToken[];
  readonly open: Open[];
  readonly diagnostics: Diagnostic[];
}

/** The tokens with all brackets closed, and the errors. If all brackets match, the tokens are unchanged. */
export function balance(tokens: readonly IToken[], path: string): { tokens: IToken[]; diagnostics: Diagnostic[] } {
  if (balanced(tokens)) return { tokens: [...tokens], diagnostics: [] };
  const mending: Mending = { path, tokens, out: [], open: [], diagnostics: [] };
  const { open, out, diagnostics } = mending;
  // Opening minus closing braces from the current token on.
  let ahead = tokens.reduce((sum, token) => sum + braces(token), 0);
  let indent = 1;
  let name: string | undefined;
  tokens.forEach((token, i) => {
    const { tokenType } = token;
    const startsLine = tokenType !== t.Newline && (i === 0 || tokens[i - 1]?.tokenType === t.Newline);
    const map = opensMap(tokens, i, open.at(-1));
    if (!map) closeBefore(mending, i, startsLine);
    if (startsLine) {
      indent = token.startColumn ?? 1;
      name = tokenType === t.Name ? nameAt(tokens, i) : undefined;
      const here = open.at(-1);
      if (here !== undefined && tokenType !== t.RightBrace) here.inner ??= indent;
    }
    const closer = CLOSER.get(tokenType);
    const excess = open.length + ahead < 0;
    ahead -= braces(token);
    if (closer !== undefined) open.push({ token, closer, map, indent, name, inner: undefined });
    const kept = CLOSERS.has(tokenType) ? close(mending, token, startsLine, excess) : token;
    if (kept !== undefined) out.push(kept);
  });
  closeTo(mending, 0);
  return { tokens: out, diagnostics };
}

/** Closes all brackets beyond a depth, where they should have been closed. */
function closeTo({ path, out, open, diagnostics }: Mending, depth: number): void {
  while (open.length > depth) {
    const top = open.pop() as Open;
    let end = out.length;
    while (end > 0 && out[end - 1]?.tokenType === t.Newline) end--;
    const last = out[end - 1] ?? top.token;
    const offset = last.startOffset + last.image.length;
    const image = IMAGES.get(top.closer) ?? "";
    const at = { path, start: offset, end: offset };
    const group = isGroup(top) ? top.name : undefined;
    diagnostics.push(report.missingClose(at, image, spanOf(path, top.token), group));
    const line = last.endLine ?? 1;
    const column = (last.endColumn ?? 1) + 1;
    out.splice(end, 0, createTokenInstance(top.closer, "", offset, offset, line, line, column, column));
  }
}

/** Closes the brackets that cannot contain token `i`, because of its type, its indent, or because a section starts. */
function closeBefore(mending: Mending, i: number, startsLine: boolean): void {
  const { tokens, open } = mending;
  const { tokenType, startColumn: column = 1 } = tokens[i] as IToken;
  const startsEntry = startsLine && entryAt(tokens, i) !== undefined;
  const inGroupOnly = tokenType === t.LeftBrace || tokenType === t.RightBrace;
  const inMap = tokenType === t.RightBrace && open.findLastIndex(({ map }) => map) > open.findLastIndex(isGroup);
  const isOver = ({ closer, indent, map }: Open) =>
    (closer !== t.RightBrace || (map && !inMap)) &&
    (inGroupOnly || (startsEntry && (closer === t.RightBracket || column <= indent)));
  const isLeft = ({ inner, indent }: Open) => inner !== undefined && inner > indent && column <= indent;
  const closeWhile = (holds: (top: Open) => boolean) => {
    for (let top = open.at(-1); top !== undefined && holds(top); top = open.at(-1)) closeTo(mending, open.length - 1);
  };
  closeWhile(isOver);
  if (!startsEntry) return;
  if (sectionAt(tokens, i) && column <= (open[0]?.indent ?? 0)) closeTo(mending, 0);
  closeWhile(isLeft);
}

/** Handles a closing bracket. Returns the bracket to use; undefined if it is unmatched. */
function close(mending: Mending, token: IToken, startsLine: boolean, excess: boolean): IToken | undefined {
  const { path, open, diagnostics } = mending;
  const { tokenType, startColumn: column = 1 } = token;
  const here = open.at(-1);
  if (tokenType === t.RightBrace) {
    const level = open.findLastIndex((one) => one.indent === column);
    if (startsLine && level >= 0) closeTo(mending, level + 1);
    const astray = startsLine && level < 0 && (here?.inner ?? 0) <= column && excess;
    if (open.length === 0 || astray) {
      diagnostics.push(report.extraClose(spanOf(path, token), "}"));
      return undefined;
    }
    open.pop();
    return token;
  }
  const group = open.findLastIndex(isGroup);
  const match = open.findLastIndex(({ closer }) => closer === tokenType);
  if (match > group) {
    closeTo(mending, match + 1);
    open.pop();
    return token;
  }
  if (here === undefined || isGroup(here)) {
    diagnostics.push(report.extraClose(spanOf(path, token), token.image));
    return undefined;
  }
  const expected = IMAGES.get(here.closer) ?? "";
  diagnostics.push(report.wrongClose(spanOf(path, token), token.image, expected, spanOf(path, here.token)));
  open.pop();
  return { ...token, tokenType: here.closer, tokenTypeIdx: here.closer.tokenTypeIdx ?? 0 };
}

/** The name of the entry that starts at token `i`: the second word of `block mixer: mamba {`. */
function nameAt(tokens: readonly IToken[], i: number): string | undefined {
  const second = tokens[i + 1];
  return second?.tokenType === t.Name ? second.image : tokens[i]?.image;
}
