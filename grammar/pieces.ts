// Splits a file into the pieces that the formatter arranges: words as written, and comments at their places.
// Only for text that the parser accepts without errors.
import type { IToken, TokenType } from "./chevrotain.js";
import * as t from "./tokens.js";

export interface Comment {
  /** From its slashes on, without trailing white space. */
  readonly text: string;
  /** Whether it is alone on its line. */
  readonly own: boolean;
  /** Whether a blank line is above it. */
  readonly blank: boolean;
}

/** A value, without the white space between its words. */
export type Piece =
  | { readonly type: "word"; readonly text: string; readonly name: boolean }
  /** `[…]`, `(…)`, `{…}`, and a call when `head` is its name. */
  | {
      readonly type: "bracket";
      readonly head: string;
      readonly open: string;
      readonly close: string;
      /** After the opening bracket, and before the closing one. */
      readonly opening: Comment | undefined;
      readonly items: readonly Item[];
      readonly closing: readonly Comment[];
    }
  | { readonly type: "chain"; readonly operator: "+" | "*"; readonly first: Piece; readonly rest: readonly Link[] };

interface Link {
  /** Before the operator. */
  readonly comments: readonly Comment[];
  readonly operand: Piece;
}

interface Item {
  readonly before: readonly Comment[];
  /** `name: ` of an argument; "" otherwise. */
  readonly label: string;
  readonly value: Piece;
  /** The trailing comment on its line. */
  readonly behind: Comment | undefined;
}

export interface EntryPiece {
  readonly type: "entry";
  /** `modality text`, `import "base.mom"`. */
  readonly head: string;
  /** The first of two words: the sort of thing that the second one names. */
  readonly kind: string | undefined;
  readonly value: Piece | undefined;
  readonly group: GroupPiece | undefined;
  readonly behind: Comment | undefined;
  /** Whether a blank line is above it. */
  readonly blank: boolean;
}

export interface GroupPiece {
  /** After the `{`. */
  readonly opening: Comment | undefined;
  readonly lines: readonly LinePiece[];
  /** Whether it was written on one line. */
  readonly flat: boolean;
}

export type LinePiece = EntryPiece | ({ readonly type: "comment" } & Comment);

/** A token with the text between it and the next. */
interface Word {
  readonly token: IToken;
  readonly blank: boolean;
  readonly behind: readonly Comment[];
}

const CLOSERS = new Map<TokenType, [string, TokenType]>([
  [t.LeftBracket, ["]", t.RightBracket]],
  [t.LeftParen, [")", t.RightParen]],
  [t.LeftBrace, ["}", t.RightBrace]],
]);

/** Reads the words of a file. */
interface Reader {
  /** The type of the next word, or of the one after it. */
  readonly next: (ahead?: 1) => TokenType | undefined;
  readonly take: () => Word;
  /** Whether a blank line is above the next word. */
  readonly isBelowBlank: () => boolean;
  /** The comments since the last call. */
  readonly placed: () => Comment[];
  /** The comment right after the last word, if there is one. */
  readonly placedBehind: () => Comment | undefined;
}

function readerOf(tokens: readonly IToken[], comments: readonly IToken[]): Reader {
  const { first, words } = withComments(tokens, comments);
  let at = 0;
  let pending: Comment[] = [...first];
  return {
    next: (ahead) => words[at + (ahead ?? 0)]?.token.tokenType,
    take: () => {
      const word = words[at++];
      if (word === undefined) throw new Error("the text ends within an entry");
      pending.push(...word.behind);
      return word;
    },
    isBelowBlank: () => words[at]?.blank === true,
    placed: () => {
      const found = pending;
      pending = [];
      return found;
    },
    placedBehind: () => (pending[0]?.own === false ? pending.shift() : undefined),
  };
}

/**
 * The lines of a file.
 * @param tokens in order, of a text without errors; may include newlines
 * @param comments in order, of both sorts
 */
export const piecesOf = (tokens: readonly IToken[], comments: readonly IToken[]): LinePiece[] =>
  lines(readerOf(tokens, comments), undefined);

/** Entries and the comments between them, up to a `}` or the end. */
function lines(reader: Reader, closer: TokenType | undefined): LinePiece[] {
  const { next, take, placed, placedBehind } = reader;
  const found: LinePiece[] = [];
  const comments = (change = (comment: Comment) => comment) => {
    for (const comment of placed()) found.push({ type: "comment", ...change(comment) });
  };
  let blank = false;
  while (next() !== closer) {
    if (next() === t.Comma) {
      // A comment between an entry and its comma documents nothing, and must not become a doc comment.
      comments(plain);
      blank = take().blank || blank;
      const last = found.at(-1);
      const behind = placedBehind();
      if (behind === undefined) continue;
      if (last?.type === "entry" && last.behind === undefined) found.splice(-1, 1, { ...last, behind });
      else found.push({ type: "comment", ...plain(behind) });
      continue;
    }
    comments();
    const read = entry(reader);
    found.push({ ...read, blank: read.blank || blank });
    blank = false;
  }
  comments();
  return found;
}

function entry(reader: Reader): EntryPiece {
  const { next, take } = reader;
  const blank = reader.isBelowBlank();
  const done = (head: string, kind?: string, content?: Piece, inside?: GroupPiece): EntryPiece => ({
    type: "entry",
    head,
    kind,
    value: content,
    group: inside,
    behind: reader.placedBehind(),
    blank,
  });
  if (next() === t.Import) return done(`${take().token.image} ${take().token.image}`);
  if (next() === t.Remove) return done(`${take().token.image} ${path(reader)}`);
  const one = path(reader);
  const two = next() === t.Name ? path(reader) : undefined;
  const head = two === undefined ? one : `${one} ${two}`;
  if (next() === t.Colon) take();
  const content = next() === t.LeftBrace ? undefined : value(reader);
  return done(head, two && one, content, next() === t.LeftBrace ? group(reader) : undefined);
}

function path({ next, take }: Reader): string {
  let text = take().token.image;
  while (next() === t.Dot) text += take().token.image + take().token.image;
  return text;
}

function group(reader: Reader): GroupPiece {
  const { token } = reader.take();
  const opening = reader.placedBehind();
  const inside = lines(reader, t.RightBrace);
  const end = reader.take();
  return { opening, lines: inside, flat: end.token.startLine === token.startLine };
}

const value = (reader: Reader) => chain(reader, "+", t.Plus, () => chain(reader, "*", t.Times, () => atom(reader)));

function chain({ next, take, placed }: Reader, operator: "+" | "*", type: TokenType, operand: () => Piece): Piece {
  const first = operand();
  const rest: Link[] = [];
  while (next() === type) {
    take();
    rest.push({ comments: placed(), operand: operand() });
  }
  return rest.length === 0 ? first : { type: "chain", operator, first, rest };
}

function atom(reader: Reader): Piece {
  const { next, take } = reader;
  if (CLOSERS.has(next() ?? t.Comma)) return bracket(reader, "");
  const { token } = take();
  const name = token.tokenType === t.Name;
  return name && next() === t.LeftParen ? bracket(reader, token.image) : { type: "word", text: token.image, name };
}

function bracket(reader: Reader, head: string): Piece {
  const { token } = reader.take();
  const [close, closer] = CLOSERS.get(token.tokenType) ?? ["", t.RightBrace];
  const opening = reader.placedBehind();
  const items: Item[] = [];
  while (reader.next() !== closer) items.push(item(reader, closer));
  const closing = reader.placed();
  reader.take();
  return { type: "bracket", head, open: token.image, close, opening, items, closing };
}

/** An argument with the comma after it. Comments before its value move above the argument. */
function item(reader: Reader, closer: TokenType): Item {
  const { next, take, placed, placedBehind } = reader;
  const labelled = next() === t.Name && next(1) === t.Colon;
  const label = labelled ? `${take().token.image}${take().token.image} ` : "";
  const before = placed();
  const content = value(reader);
  let behind = placedBehind();
  if (next() !== closer) {
    take();
    behind ??= placedBehind();
  }
  return { before, label, value: content, behind };
}

const plain = (comment: Comment): Comment => ({ ...comment, text: comment.text.replace(/^\/{3}(?!\/)/, "//") });

function withComments(tokens: readonly IToken[], comments: readonly IToken[]): { first: Comment[]; words: Word[] } {
  const first: Comment[] = [];
  const words: (Word & { behind: Comment[] })[] = [];
  const all = [...tokens.filter(({ tokenType }) => tokenType !== t.Newline), ...comments];
  let line = 0;
  let lastWord = 0;
  for (const token of all.sort((a, b) => a.startOffset - b.startOffset)) {
    const start = token.startLine ?? 1;
    const blank = line > 0 && start - line > 1;
    line = token.endLine ?? start;
    if (!COMMENTS.has(token.tokenType)) {
      words.push({ token, blank, behind: [] });
      lastWord = line;
      continue;
    }
    const comment = { text: token.image.trimEnd(), own: start !== lastWord, blank };
    (words.at(-1)?.behind ?? first).push(comment);
  }
  return { first, words };
}

const COMMENTS = new Set([t.Comment, t.DocComment]);
