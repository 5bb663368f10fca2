// The grammar rules, without actions. The schema defines which fields are allowed; the visitor builds the tree.
// Separators are optional here and checked by the visitor, so a missing comma has no other consequences.

import { CstParser, EOF, type IParserErrorMessageProvider, type TokenType } from "./chevrotain.js";
import * as t from "./tokens.js";

const VALUE = "a value: a number, a name, text in quotes, a size such as 32x32, a list or a call";
const PAIR = 'an entry such as `human: "USER: "`';
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
  map: PAIR,
  pair: PAIR,
};

const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => PHRASES.get(expected) ?? expected.name,
  buildNotAllInputParsedMessage: () => ENTRY,
  buildNoViableAltMessage: ({ ruleName, customUserDescription }) => customUserDescription ?? RULES[ruleName] ?? VALUE,
  buildEarlyExitMessage: ({ ruleName }) => RULES[ruleName] ?? VALUE,
};

/** After this many errors the rest of a file is skipped, since recovery is recursive and slow. */
const MOST_ERRORS = 50;

export class SpecParser extends CstParser {
  /** A test enables Chevrotain's checks of the grammar, which take longer than parsing most specs. */
  constructor(skipValidations = true) {
    super(t.TOKENS, { recoveryEnabled: true, maxLookahead: 2, errorMessageProvider: messages, skipValidations });
    this.performSelfAnalysis();
  }

  private readonly belowLimit = (): boolean => this.errors.length < MOST_ERRORS;

  readonly file = this.RULE("file", () => {
    this.MANY({ GATE: this.belowLimit, DEF: () => this.SUBRULE(this.item) });
    this.CONSUME(EOF);
  });

  private readonly item = this.RULE("item", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Newline) },
      { ALT: () => this.CONSUME(t.Comma) },
      { ALT: () => this.SUBRULE(this.entry) },
    ]);
  });

  /** `import "x.mom"`, `remove NAME`, `name: value`, `kind name: value { … }`, `name { … }` */
  private readonly entry = this.RULE("entry", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Import);
          this.CONSUME(t.StringLiteral);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Remove);
          this.SUBRULE(this.path);
        },
      },
      {
        ALT: () => {
          this.SUBRULE1(this.path);
          this.OPTION(() => this.SUBRULE2(this.path));
          this.SUBRULE(this.content);
        },
      },
    ]);
  });

  /** `name: { … }` is the group `name { … }`. */
  private readonly content = this.RULE("content", () => {
    this.OR1([
      { ALT: () => this.SUBRULE1(this.group) },
      {
        ALT: () => {
          this.CONSUME(t.Colon);
          this.OR2({
            ERR_MSG: VALUE,
            DEF: [
              { ALT: () => this.SUBRULE2(this.group) },
              {
                ALT: () => {
                  this.SUBRULE(this.value);
                  this.OPTION(() => this.SUBRULE3(this.group));
                },
              },
            ],
          });
        },
      },
    ]);
  });

  private readonly group = this.RULE("group", () => {
    this.CONSUME(t.LeftBrace);
    this.MANY({ GATE: this.belowLimit, DEF: () => this.SUBRULE(this.item) });
    this.CONSUME(t.RightBrace);
  });

  private readonly path = this.RULE("path", () => {
    this.CONSUME1(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Dot);
      this.CONSUME2(t.Name);
    });
  });

  private readonly value = this.RULE("value", () => {
    this.SUBRULE1(this.product);
    this.MANY({
      GATE: this.belowLimit,
      DEF: () => {
        this.CONSUME(t.Plus);
        this.SUBRULE2(this.product);
      },
    });
  });

  private readonly product = this.RULE("product", () => {
    this.SUBRULE1(this.atom);
    this.MANY({
      GATE: this.belowLimit,
      DEF: () => {
        this.CONSUME(t.Times);
        this.SUBRULE2(this.atom);
      },
    });
  });

  private readonly atom = this.RULE("atom", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.NumberLiteral) },
      { ALT: () => this.CONSUME(t.StringLiteral) },
      { ALT: () => this.CONSUME(t.Size) },
      { ALT: () => this.CONSUME(t.True) },
      { ALT: () => this.CONSUME(t.False) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.call) },
      { ALT: () => this.SUBRULE(this.bracketed) },
    ]);
  });

  private readonly list = this.RULE("list", () => {
    this.CONSUME(t.LeftBracket);
    this.MANY({
      GATE: this.belowLimit,
      DEF: () => this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { ALT: () => this.SUBRULE(this.element) }]),
    });
    this.CONSUME(t.RightBracket);
  });

  /** A value in a list, a call or a map. */
  private readonly element = this.RULE("element", () => {
    this.OR([{ ALT: () => this.SUBRULE(this.map) }, { ALT: () => this.SUBRULE(this.value) }]);
  });

  private readonly map = this.RULE("map", () => {
    this.CONSUME(t.LeftBrace);
    this.MANY({
      GATE: this.belowLimit,
      DEF: () => this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { ALT: () => this.SUBRULE(this.pair) }]),
    });
    this.CONSUME(t.RightBrace);
  });

  private readonly pair = this.RULE("pair", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.element);
  });

  /** A name, or a call of it. */
  private readonly call = this.RULE("call", () => {
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.args));
  });

  private readonly args = this.RULE("args", () => {
    this.CONSUME(t.LeftParen);
    this.MANY({
      GATE: this.belowLimit,
      DEF: () => this.OR([{ ALT: () => this.CONSUME(t.Comma) }, { ALT: () => this.SUBRULE(this.arg) }]),
    });
    this.CONSUME(t.RightParen);
  });

  private readonly arg = this.RULE("arg", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Name);
          this.CONSUME(t.Colon);
          this.SUBRULE1(this.element);
        },
      },
      { ALT: () => this.SUBRULE2(this.element) },
    ]);
  });

  private readonly bracketed = this.RULE("bracketed", () => {
    this.CONSUME(t.LeftParen);
    this.SUBRULE(this.value);
    this.CONSUME(t.RightParen);
  });
}

export const parser = new SpecParser();
