// What the grammar takes from Chevrotain, in one place: the build bundles this file, because Chevrotain as it is
// published loads some hundred files, which takes longer than checking a spec.
export {
  CstParser,
  createToken,
  createTokenInstance,
  EOF,
  type IParserErrorMessageProvider,
  type IToken,
  Lexer,
  type TokenType,
} from "chevrotain";
