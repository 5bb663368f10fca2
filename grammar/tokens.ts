// The words of the language. They include invalid ones (`=`, `;`, broken numbers and strings),
// so that the error has a specific message and the rest of the file can be read.
import { createToken, Lexer, type TokenType } from "./chevrotain.js";

export const Name = createToken({ name: "Name", pattern: /[A-Za-z_][A-Za-z0-9_]*/ });

/** `d-state`, for `d_state`. */
export const HyphenName = createToken({ name: "HyphenName", pattern: /[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)+/ });

const keyword = (name: string, pattern: string) => createToken({ name, pattern, longer_alt: Name });

export const Import = keyword("Import", "import");
export const Remove = keyword("Remove", "remove");
export const True = keyword("True", "true");
export const False = keyword("False", "false");

/** Height × width. */
export const Size = createToken({ name: "Size", pattern: /[0-9]+x[0-9]+(?![\w.])/ });
export const NumberLiteral = createToken({
  name: "NumberLiteral",
  pattern: /-?[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?(?:[eE][+-]?[0-9]+)?(?![\w.])/,
});
export const BrokenNumber = createToken({ name: "BrokenNumber", pattern: /-?\.?[0-9](?:[\w.]|(?<=[eE])[+-])*/ });

export const StringLiteral = createToken({ name: "StringLiteral", pattern: /"[^"\\\r\n]*(?:\\[^\r\n][^"\\\r\n]*)*"/ });
export const SingleQuoted = createToken({ name: "SingleQuoted", pattern: /'[^'\r\n]*'/ });
export const UnclosedString = createToken({ name: "UnclosedString", pattern: /["'][^\r\n]*/ });

export const LeftBrace = createToken({ name: "LeftBrace", pattern: "{" });
export const RightBrace = createToken({ name: "RightBrace", pattern: "}" });
export const LeftBracket = createToken({ name: "LeftBracket", pattern: "[" });
export const RightBracket = createToken({ name: "RightBracket", pattern: "]" });
export const LeftParen = createToken({ name: "LeftParen", pattern: "(" });
export const RightParen = createToken({ name: "RightParen", pattern: ")" });
export const Colon = createToken({ name: "Colon", pattern: ":" });
export const Comma = createToken({ name: "Comma", pattern: "," });
export const Dot = createToken({ name: "Dot", pattern: "." });
export const Plus = createToken({ name: "Plus", pattern: "+" });
export const Times = createToken({ name: "Times", pattern: "*" });
export const Equals = createToken({ name: "Equals", pattern: "=" });
export const Semicolon = createToken({ name: "Semicolon", pattern: ";" });

export const Newline = createToken({ name: "Newline", pattern: /\r\n|\r|\n/, line_breaks: true });
const Blank = createToken({ name: "Blank", pattern: /[ \t\f\v\u00a0\ufeff]+/, group: Lexer.SKIPPED });

/** Kept separate from the tokens: a doc comment belongs to the entry that starts after it. */
export const DocComment = createToken({ name: "DocComment", pattern: /\/\/\/(?!\/)[^\r\n]*/, group: "docs" });
/** Kept for the formatter. */
export const Comment = createToken({ name: "Comment", pattern: /\/\/[^\r\n]*/, group: "comments" });
/** Comment syntax of other languages. */
export const BlockComment = createToken({
  name: "BlockComment",
  pattern: /\/\*[^*]*(?:\*(?!\/)[^*]*)*(?:\*\/)?/,
  line_breaks: true,
});
export const HashComment = createToken({ name: "HashComment", pattern: /#[^\r\n]*/ });

export const TOKENS: TokenType[] = [
  Blank,
  Newline,
  DocComment,
  Comment,
  BlockComment,
  HashComment,
  HyphenName,
  Import,
  Remove,
  True,
  False,
  Name,
  Size,
  NumberLiteral,
  BrokenNumber,
  StringLiteral,
  SingleQuoted,
  UnclosedString,
  LeftBrace,
  RightBrace,
  LeftBracket,
  RightBracket,
  LeftParen,
  RightParen,
  Colon,
  Comma,
  Dot,
  Plus,
  Times,
  Equals,
  Semicolon,
];

/** A test enables Chevrotain's checks of the tokens. */
export const lexer = new Lexer(TOKENS, { positionTracking: "full", skipValidations: true });
