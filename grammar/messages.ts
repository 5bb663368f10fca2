// What the parser says it expected, as a phrase that completes "expected …".
import { EOF, type IParserErrorMessageProvider, type TokenType } from "./chevrotain.js";
import * as t from "./tokens.js";

const VALUE = "a value: a number, a name, text in quotes, a size such as 32x32, a list or a call";
const ENTRY = "an entry such as `d_model: 256`";

const PHRASES = new Map<TokenType, string>([
  [t.StringLiteral, 'a path in quotes, as in `import "base.mom"`'],
  [t.Name, "a name"],
  [t.Colon, "`:` and a value, or `{`"],
  [t.LeftBrace, "`{`"],
  [t.RightBrace, `${ENTRY}, or the closing \`}\``],
  [t.RightBracket, "`,` or `]`"],
  [t.RightParen, "`,` or `)`"],
  [EOF, ENTRY],
]);

const RULES: Readonly<Record<string, string>> = {
  atom: VALUE,
  arg: "an argument such as `weight: 5`",
  content: "`:` and a value, or `{`",
  entry: ENTRY,
  item: ENTRY,
};

export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => PHRASES.get(expected) ?? expected.name,
  buildNotAllInputParsedMessage: () => ENTRY,
  buildNoViableAltMessage: ({ ruleName }) => RULES[ruleName] ?? VALUE,
  buildEarlyExitMessage: ({ ruleName }) => RULES[ruleName] ?? VALUE,
};
