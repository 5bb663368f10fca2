// Splits text into tokens. Errors in single words are reported and fixed, so that the parser sees only valid words.

import type { Diagnostic, Source, Span } from "../src/diagnostics/diagnostic.js";
import * as report from "../src/diagnostics/syntax.js";
import { createTokenInstance, type IToken, type TokenType } from "./chevrotain.js";
import * as t from "./tokens.js";

interface Tokens {
  readonly tokens: IToken[];
  /** `///` comments, in order. */
  readonly docs: readonly IToken[];
  /** `//` comments, in order. */
  readonly comments: readonly IToken[];
  readonly diagnostics: Diagnostic[];
}

export const spanOf = (path: string, token: IToken): Span => ({
  path,
  start: token.startOffset,
  end: token.startOffset + token.image.length,
});

/** A word of another type at the place of `token`. */
const as = (token: IToken, type: TokenType, image = token.image) =>
  createTokenInstance(
    type,
    image,
    token.startOffset,
    token.endOffset ?? token.startOffset,
    token.startLine ?? 1,
    token.endLine ?? 1,
    token.startColumn ?? 1,
    token.endColumn ?? 1,
  );

export function tokenize(source: Source): Tokens {
  const { path, text } = source;
  const lexed = t.lexer.tokenize(text);
  const diagnostics = lexed.errors.map((e) => {
    const span = { path, start: e.offset, end: e.offset + e.length };
    return report.strangeCharacters(span, text.slice(span.start, span.end));
  });
  const tokens: IToken[] = [];
  for (const token of lexed.tokens) {
    const span = spanOf(path, token);
    const previous = tokens.at(-1);
    switch (token.tokenType) {
      case t.Equals:
        diagnostics.push(report.equalsSign(span));
        if (previous?.tokenType !== t.Colon) tokens.push(as(token, t.Colon));
        break;
      case t.Semicolon:
        diagnostics.push(report.semicolon(span));
        tokens.push(as(token, t.Comma));
        break;
      case t.HashComment:
      case t.BlockComment:
        diagnostics.push(report.foreignComment(span, token.image.slice(0, token.tokenType === t.HashComment ? 1 : 2)));
        break;
      case t.HyphenName: {
        const mended = token.image.replaceAll("-", "_");
        diagnostics.push(report.hyphenInName(span, token.image, mended));
        tokens.push(as(token, t.Name, mended));
        break;
      }
      case t.BrokenNumber:
        diagnostics.push(report.brokenNumber(span, token.image));
        tokens.push(as(token, t.NumberLiteral));
        break;
      case t.SingleQuoted:
        diagnostics.push(report.singleQuotes(span));
        tokens.push(as(token, t.StringLiteral));
        break;
      case t.UnclosedString:
        diagnostics.push(report.unclosedString(span));
        tokens.push(as(token, t.StringLiteral));
        break;
      default:
        tokens.push(token);
    }
  }
  const { docs = [], comments = [] } = lexed.groups;
  return { tokens, docs, comments, diagnostics };
}
