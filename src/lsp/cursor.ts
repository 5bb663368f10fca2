// The context of a position in a text: the brackets around it, the tokens before it in its entry, and its word. It works on
// tokens, so it also works for incomplete text if the brackets can be guessed.
import { balance } from "../../grammar/brackets.js";
import type { IToken } from "../../grammar/chevrotain.js";
import { tokenize } from "../../grammar/tokenize.js";
import * as t from "../../grammar/tokens.js";
import type { Source } from "../diagnostics/diagnostic.js";
import { indentAt } from "./text.js";

/** An open bracket around the position. */
export interface Frame {
  readonly opener: IToken;
  /** The tokens before it in its entry, argument or item. */
  readonly head: readonly IToken[];
  /** Entries or arguments in it, before and after the position: their names, with the kind of `KIND NAME`. */
  readonly keys: { readonly kind?: string; readonly name: string }[];
}

export interface Cursor {
  /** Outermost first. The first is the file, which has no opening bracket. */
  readonly frames: readonly Frame[];
  /** The tokens of the entry, argument or item before the word. */
  readonly entry: readonly IToken[];
  /** The name or number at the position; empty if there is none. */
  readonly word: { readonly text: string; readonly start: number; readonly end: number };
  /** The first token after the word. */
  readonly next: IToken | undefined;
  /** The string that contains the position. */
  readonly string: IToken | undefined;
}

const OPENERS = new Set([t.LeftBrace, t.LeftBracket, t.LeftParen]);
const CLOSERS = new Set([t.RightBrace, t.RightBracket, t.RightParen]);
const OPERATORS = new Set([t.Plus, t.Times]);
const isName = (c: string | undefined): boolean => c !== undefined && /[A-Za-z0-9_]/.test(c);

const endOf = (token: IToken): number => token.startOffset + token.image.length;

/** Undefined inside a comment. */
export function cursorAt(source: Source, offset: number): Cursor | undefined {
  const { text } = source;
  const tokens = balance(tokenize(source).tokens, source.path).tokens;
  const string = tokens.find(
    (token) =>
      token.tokenType === t.StringLiteral &&
      token.startOffset < offset &&
      (offset < endOf(token) || (offset === endOf(token) && !isClosed(token.image))),
  );
  const before = tokens.findLast((token) => endOf(token) <= offset);
  const gap = text.slice(before === undefined ? 0 : endOf(before), offset);
  if (string === undefined && /\/\/[^\r\n]*$/.test(gap)) return undefined;
  const word =
    string === undefined ? wordAt(text, offset) : { text: "", start: string.startOffset, end: endOf(string) };
  return { ...scan(text, tokens, word.start, word.end), word, string };
}

function wordAt(text: string, offset: number): Cursor["word"] {
  let [start, end] = [offset, offset];
  while (isName(text[start - 1])) start--;
  while (isName(text[end])) end++;
  return { text: text.slice(start, end), start, end };
}

const isClosed = (image: string): boolean => image.length > 1 && image.endsWith(image[0] ?? "");

function scan(
  text: string,
  tokens: readonly IToken[],
  start: number,
  end: number,
): Pick<Cursor, "frames" | "entry" | "next"> {
  const file: Frame = { opener: NOTHING, head: [], keys: [] };
  let frames: Frame[] = [file];
  let entries: IToken[][] = [[]];
  let newline = false;
  /** The end of the last token that was read. */
  let at = 0;
  let found: Pick<Cursor, "frames" | "entry" | "next"> | undefined;
  const inner = (): Frame => frames.at(-1) ?? file;
  const inGroup = (): boolean => frames.length === 1 || inner().opener.tokenType === t.LeftBrace;

  for (const [i, token] of tokens.entries()) {
    const { tokenType } = token;
    const ahead = token.startOffset >= end || (token.image === "" && isOpenAt(token));
    if (found === undefined && ahead) stop(tokens.slice(i).find(({ image }) => image !== ""));
    if (token.startOffset >= start && token.startOffset < end) continue;
    if (tokenType === t.Newline) {
      newline = true;
      continue;
    }
    if (newline) endEntry(token);
    newline = false;
    at = endOf(token);
    const entry = entries.at(-1) ?? [];
    if (tokenType === t.Comma) {
      entries = [...entries.slice(0, -1), []];
      continue;
    }
    if (tokenType === t.Colon || (tokenType === t.LeftBrace && !entry.some((e) => e.tokenType === t.Colon))) {
      const { kind, name } = headOf(entry);
      if (name !== undefined) inner().keys.push({ ...(kind !== undefined && { kind }), name });
    }
    if (OPENERS.has(tokenType)) {
      frames = [...frames, { opener: token, head: entry, keys: [] }];
      entries = [...entries, []];
    } else if (CLOSERS.has(tokenType)) {
      if (frames.length === 1) continue;
      frames = frames.slice(0, -1);
      entries = entries.slice(0, -1).map((e, level) => (level === entries.length - 2 ? [...e, token] : e));
    } else entries = [...entries.slice(0, -1), [...entry, token]];
  }
  if (found === undefined) stop(undefined);
  return found ?? { frames, entry: [], next: undefined };

  /** Records the context of the position. Later keys are added to the same frame. */
  function stop(next: IToken | undefined): void {
    if (newline || /[\r\n]/.test(text.slice(at, start))) endEntry(undefined);
    found = { frames, entry: entries.at(-1) ?? [], next };
  }

  /** A newline ends an entry, but not next to an operator or before its `{`. */
  function endEntry(next: IToken | undefined): void {
    const last = entries.at(-1)?.at(-1)?.tokenType;
    if (!inGroup() || (last !== undefined && OPERATORS.has(last))) return;
    if (next !== undefined && (OPERATORS.has(next.tokenType) || (next.tokenType === t.LeftBrace && last === t.Name)))
      return;
    entries = [...entries.slice(0, -1), []];
  }

  /**
   * Whether a bracket that was closed because its closer is missing is still open at the position: only white space is
   * between the two, and the line is indented like the content of the bracket.
   */
  function isOpenAt(closer: IToken): boolean {
    if (closer.startOffset > end) return false;
    const between = text.slice(closer.startOffset, start);
    if (between.replaceAll(/\/\/[^\r\n]*/g, "").trim() !== "") return false;
    const line = /[^\r\n]*$/.exec(between)?.[0] ?? "";
    if (line === between) return true;
    const indent = indentAt(text, inner().opener.startOffset);
    return inner().opener.tokenType !== t.LeftBrace || line.length > indent.length;
  }
}

/** The names of an entry: `KIND NAME` or `NAME`. A dotted path is one name. */
export function headOf(entry: readonly IToken[]): { kind?: string; name?: string; value?: readonly IToken[] } {
  const colon = entry.findIndex(({ tokenType }) => tokenType === t.Colon);
  const paths: string[] = [];
  let dotted = false;
  for (const { tokenType, image } of colon < 0 ? entry : entry.slice(0, colon)) {
    if (tokenType === t.Dot) dotted = true;
    else if (dotted) {
      paths.push(`${paths.pop() ?? ""}.${image}`);
      dotted = false;
    } else paths.push(image);
  }
  const [first, second] = paths;
  const value = colon < 0 ? {} : { value: entry.slice(colon + 1) };
  if (first === undefined) return value;
  return second === undefined ? { name: first, ...value } : { kind: first, name: second, ...value };
}

const NOTHING: IToken = {
  image: "",
  startOffset: 0,
  tokenType: t.Newline,
  tokenTypeIdx: t.Newline.tokenTypeIdx ?? 0,
};
