// Generates syntax trees like those of the parser, without spans.
import fc from "fast-check";
import type { Argument, Entry, Group, Path, Value, Word } from "../../grammar/tree.js";
import type { Span } from "../../src/diagnostics/diagnostic.js";

const span: Span = { path: "", start: 0, end: 0 };
const KEYWORDS = ["import", "remove", "true", "false"];

const name = fc
  .oneof(
    fc.constantFrom("a", "model", "d_state", "x32", "truely", "imports"),
    fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/),
  )
  .filter((text) => !KEYWORDS.includes(text));
const word: fc.Arbitrary<Word> = name.map((text) => ({ text, span }));
const path: fc.Arbitrary<Path> = fc.array(word, { minLength: 1, maxLength: 3 }).map((names) => ({ names, span }));

const number = fc.oneof(
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom("65_536", "1e-4", "3E+2", "0.1_5", "-7.25e0"),
);
const size = fc.tuple(fc.nat(4096), fc.nat(4096)).map(([h, w]) => `${h}x${w}`);
const map = (value: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc
    .array(fc.record({ name: word, value }), { maxLength: 3 })
    .map((entries) => ({ type: "map" as const, entries, span }));
const call = (value: fc.Arbitrary<Value>): fc.Arbitrary<Value> => {
  const argument: fc.Arbitrary<Argument> = fc.record({ name: word, value });
  const unnamed = fc.array(fc.record({ value }), { maxLength: 1 });
  const args = fc
    .tuple(unnamed, fc.array(argument, { maxLength: 3 }))
    .map(([first, rest]): Argument[] => [...first, ...rest]);
  return fc.record({ type: fc.constant("call" as const), name: word, args, span: fc.constant(span) });
};

/** A map is an element of a list, a call or a map. */
const { value } = fc.letrec<{ value: Value; element: Value }>((tie) => {
  const leaf: fc.Arbitrary<Value> = fc.oneof(
    number.map((text) => ({ type: "number" as const, text, span })),
    fc.string({ unit: "binary" }).map((text) => ({ type: "string" as const, text, span })),
    fc.boolean().map((value) => ({ type: "boolean" as const, value, span })),
    size.map((text) => ({ type: "size" as const, text, span })),
    word.map((name) => ({ type: "call" as const, name, span })),
  );
  const many = fc.array(tie("value"), { minLength: 2, maxLength: 3 });
  return {
    element: fc.oneof({ weight: 4, arbitrary: tie("value") }, { weight: 1, arbitrary: map(tie("element")) }),
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(tie("element"), { maxLength: 4 }).map((items) => ({ type: "list" as const, items, span })),
      call(tie("element")),
      many.map((terms) => ({ type: "sum" as const, terms, span })),
      many.map((factors) => ({ type: "product" as const, factors, span })),
    ),
  };
});

const doc = fc.stringMatching(/^[^\s/][ -~é😀]{0,20}$/u).map((text) => text.trim());
const docs = fc.array(doc, { maxLength: 2 });
const plain: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({
    type: fc.constant("import" as const),
    path: fc.string().map((text) => ({ text, span })),
    docs,
    span: fc.constant(span),
  }),
  fc.record({ type: fc.constant("remove" as const), path, docs, span: fc.constant(span) }),
);

const { entry } = fc.letrec<{ entry: Entry; group: Group }>((tie) => {
  const field = (parts: { value?: fc.Arbitrary<Value>; group?: fc.Arbitrary<Group> }): fc.Arbitrary<Entry> =>
    fc.record(
      { type: fc.constant("field" as const), kind: path, path, ...parts, docs, span: fc.constant(span) },
      { requiredKeys: ["type", "path", "docs", "span", ...(Object.keys(parts) as ("value" | "group")[])] },
    );
  return {
    group: fc.array(tie("entry"), { maxLength: 3 }).map((entries) => ({ entries, span })),
    entry: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      plain,
      field({ value }),
      field({ value, group: tie("group") }),
      field({ group: tie("group") }),
    ),
  };
});

export const file: fc.Arbitrary<Entry[]> = fc.array(entry, { maxLength: 4 });

/** The same tree without its spans. */
export const bare = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value) => (key === "span" ? undefined : value)));
