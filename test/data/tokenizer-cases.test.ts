// Single tokenizers: those of test/cases/tokenizers, malformed files, and long documents.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readTokenizer } from "../../src/data/codecs.js";

const folder = fileURLToPath(new URL("../cases/tokenizers/", import.meta.url));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (json: unknown) => readTokenizer(bytes(JSON.stringify(json)), "t.json");

const cases = JSON.parse(readFileSync(`${folder}cases.json`, "utf8")) as Record<
  string,
  { text: string; ids: number[] }
>;

test.each(Object.entries(cases))("%s has the ids of the Python library", (name, { text, ids }) => {
  expect(readTokenizer(readFileSync(`${folder}${name}.json`), name).encode(text)).toEqual(ids);
});

const words = (vocab: Readonly<Record<string, unknown>>, rest: object = {}) => ({
  model: { type: "WordLevel", unk_token: "a", vocab },
  ...rest,
});
const token = (id: unknown, content = "<s>") => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
});
const unigram = (vocab: readonly (readonly [string, unknown])[], unk_id: number | null = 0) => ({
  model: { type: "Unigram", unk_id, vocab, byte_fallback: false },
});
const nested = Array.from({ length: 20 }).reduce<object>((inner) => ({ type: "Sequence", normalizers: [inner] }), {
  type: "NFC",
});

test.each<[string, object, string]>([
  ["a negative id", words({ a: 0, b: -5 }), 'model.vocab["b"] must be a whole number from 0 to 16777215, not -5'],
  ["a fraction", words({ a: 0, b: 1.5 }), 'model.vocab["b"] must be a whole number'],
  ["2⁵³", words({ a: 0, b: 2 ** 53 }), 'model.vocab["b"] must be a whole number'],
  ["a repeated id", words({ a: 0, b: 0 }), 'model.vocab["b"] has the id 0, which is also the id of "a"'],
  ["a string as an id", words({ a: "0" }), 'model.vocab["a"] must be a whole number'],
  ["no vocabulary", words({}), "model has an empty vocabulary"],
  [
    "an added token with another id",
    words({ a: 0 }, { added_tokens: [token(7)] }),
    "added_tokens[0].id is 7, but the library gives",
  ],
  ["an invalid id", words({ a: 0 }, { added_tokens: [token(1.5)] }), "added_tokens[0].id must be a whole number"],
  ["a repeated added token", words({ a: 0 }, { added_tokens: [token(1), token(2)] }), "added_tokens[1].content"],
  ["an invalid score", unigram([["a", null]]), "model.vocab[0][1] must be a number, not null"],
  ["an invalid unknown token", unigram([["a", 0]], 3), "model.unk_id must be a whole number from 0 to 0, not 3"],
  ["a score with too many digits", unigram([["a", 0]]), "the number"],
  [
    "an unknown option",
    { ...words({ a: 0 }), normalizer: { type: "NFC", form: 1 } },
    "normalizer.form is not a supported",
  ],
  ["an unknown component", { ...words({ a: 0 }), pre_tokenizer: { type: "__proto__" } }, "pre_tokenizer.type"],
  ["deep nesting", { ...words({ a: 0 }), normalizer: nested }, "is nested more than 16 levels deep"],
  ["truncation", { ...words({ a: 0 }), truncation: { max_length: 3 } }, "truncation changes how many ids a text has"],
  [
    "dropout",
    { model: { type: "BPE", dropout: 0.1, vocab: { a: 0 }, merges: [] } },
    "model.dropout is 0.1, which gives different ids each time",
  ],
  [
    "a template with the text twice",
    {
      ...words({ a: 0 }),
      post_processor: { type: "TemplateProcessing", single: [{ Sequence: {} }, { Sequence: {} }], pair: [] },
    },
    "post_processor.single must contain the text once, not 2 times",
  ],
])("a file is refused for %s", (what, json, why) => {
  const text = JSON.stringify(json);
  const file = what === "a score with too many digits" ? text.replace('"a",0]', '"a",-9.1000000000000001]') : text;
  expect(() => readTokenizer(bytes(file), "t.json")).toThrow(why.startsWith("is nested") ? why : `t.json: ${why}`);
});

test("tokens may have the names of JavaScript's built-in properties", () => {
  const vocab = JSON.parse('{"__proto__": 0, "constructor": 1, "toString": 2, "a": 3}') as Record<string, number>;
  const tokenizer = read({ ...words(vocab), pre_tokenizer: { type: "WhitespaceSplit" } });
  expect(tokenizer.encode("constructor __proto__ toString valueOf")).toEqual([1, 0, 2, 3]);
  expect(tokenizer.decode([0, 1])).toBe("__proto__ constructor");
});

test("a text that is not valid Unicode is refused, and U+0000 is allowed", () => {
  const tokenizer = read(words({ a: 0, "\0": 1 }));
  expect(tokenizer.encode("\0")).toEqual([1]);
  expect(() => tokenizer.encode("a\ud800")).toThrow("t.json: the text has an unpaired surrogate");
});

test("a text with more combining marks than can be sorted in time is refused", () => {
  const { encode } = read({ ...words({ a: 0 }), normalizer: { type: "NFD" } });
  expect(encode(`a${"\u0301\u0323".repeat(500)}`)).toEqual([0]);
  expect(() => encode(`a${"\u0301\u0323".repeat(2_500_000)}`)).toThrow("a run of more than 1024 combining marks");
});

test("scores are rounded as the library's parser rounds them", () => {
  // The library's parser rounds -1.5061642402352393 to the neighbouring number. So the two ways to split "ab" have equal
  // scores, and the first is taken.
  const vocab = [
    ["<unk>", -9],
    ["a", 0],
    ["b", -1.506164240235239],
    ["ab", -1.5061642402352393],
  ] as const;
  expect(read(unigram(vocab)).encode("ab")).toEqual([3]);
});

test("every kind of model encodes a document of 300 000 characters", () => {
  const text = "ab".repeat(150_000);
  const scored = read(
    unigram([
      ["<unk>", 0],
      ["a", -1],
      ["b", -1],
      ["ab", -1.5],
    ]),
  );
  expect(scored.encode(text)).toEqual(new Array(150_000).fill(3));
  expect(scored.encode("c".repeat(300_000))).toEqual([0]);
  const merging = read({ model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2, abab: 3 }, merges: ["a b", "ab ab"] } });
  expect(merging.encode(text.slice(0, 60_000))).toEqual(new Array(15_000).fill(3));
  const pieces = { unk_token: "a", continuing_subword_prefix: "", max_input_chars_per_word: 1_000_000 };
  const greedy = read({ model: { type: "WordPiece", ...pieces, vocab: { a: 0, ab: 1, b: 2 } } });
  expect(greedy.encode(text)).toHaveLength(150_000);
}, 20_000);
