// Which newlines end an entry: not those inside ( ) or [ ], nor those next to + or *.

import type { Diagnostic } from "../src/diagnostics/diagnostic.js";
import { braceOnOwnLine } from "../src/diagnostics/syntax.js";
import type { IToken } from "./chevrotain.js";
import { spanOf } from "./tokenize.js";
import * as t from "./tokens.js";

/** Expects balanced brackets. A `{` on a line of its own is reported and joined to its entry. */
export function joinLines(tokens: readonly IToken[], path: string): { tokens: IToken[]; diagnostics: Diagnostic[] } {
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
const isOperator = (type: IToken["tokenType"]): boolean => type === t.Plus || type === t.Times;
