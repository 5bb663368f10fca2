// The parts of Chevrotain that the grammar uses. The build bundles this file, because the published Chevrotain
// loads about a hundred files, which takes longer than checking a spec.
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
