// The Tree-sitter grammar of .mom files, for editors that highlight with it. It is laxer than the compiler's: where one
// entry ends and the next begins follows from what they are made of, so newlines and commas are blanks to it.
module.exports = grammar({
  name: "mom",
  word: ($) => $.name,
  extras: ($) => [/[\s\u00a0\ufeff]/, ",", $.doc_comment, $.comment],

  rules: {
    file: ($) => repeat($._entry),
    _entry: ($) => choice($.import, $.remove, $.field),
    import: ($) => seq("import", $.string),
    remove: ($) => seq("remove", $.path),

    field: ($) =>
      seq(
        optional(field("kind", $.path)),
        field("key", $.path),
        choice($.group, seq(":", $.group), seq(":", field("value", $._value), optional($.group))),
      ),
    group: ($) => seq("{", repeat($._entry), "}"),
    path: ($) => seq($.name, repeat(seq(token.immediate("."), alias(token.immediate(/[A-Za-z_][A-Za-z0-9_]*/), $.name)))),

    _value: ($) => choice($.sum, $._term),
    sum: ($) => prec.left(1, seq($._value, "+", $._term)),
    _term: ($) => choice($.product, $._atom),
    product: ($) => prec.left(2, seq($._term, "*", $._atom)),
    _atom: ($) => choice($.number, $.size, $.string, $.boolean, $.list, $.call, $.reference, $.bracketed),
    bracketed: ($) => seq("(", $._value, ")"),
    list: ($) => seq("[", repeat($._element), "]"),
    _element: ($) => choice($.map, $._value),
    map: ($) => seq("{", repeat($.pair), "}"),
    pair: ($) => seq(field("name", $.name), ":", $._element),
    reference: ($) => $.name,
    call: ($) => seq(field("function", $.name), token.immediate("("), repeat($.argument), ")"),
    argument: ($) => seq(optional(seq(field("name", $.name), ":")), $._element),

    name: () => /[A-Za-z_][A-Za-z0-9_]*/,
    number: () => token(/-?[0-9]+(_[0-9]+)*(\.[0-9]+(_[0-9]+)*)?([eE][+-]?[0-9]+)?/),
    size: () => token(prec(1, /[0-9]+x[0-9]+/)),
    string: () => token(/"([^"\\\r\n]|\\[^\r\n])*"/),
    boolean: () => choice("true", "false"),
    doc_comment: () => token(prec(1, /\/\/\/[^\r\n]*/)),
    comment: () => token(/\/\/[^\r\n]*/),
  },
});
