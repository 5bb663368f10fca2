// Tokenizers: the same ids as Hugging Face's own library in Python (test/data/tokenizer/ids.json, made by
// scripts/tokenizer_ids.py), and text again.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { decodersOf, openCodecs, readTokenizer } from "../../src/data/codecs.js";
import { reachOf } from "../../src/data/reach.js";
import { layOut } from "../../src/front/vocabulary.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import { textOf } from "../../src/modalities/text.js";

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const file = readFileSync(at("specs/emoji-tokenizer.json"));
const tokenizer = readTokenizer(file, "emoji-tokenizer.json");
const lines = readFileSync(at("test/data/tokenizer/lines.txt"), "utf8").replace(/\n$/, "").split("\n");

test("every line has the ids that the Python library gives it", () => {
  const made = JSON.parse(readFileSync(at("test/data/tokenizer/ids.json"), "utf8")) as { ids: number[][] };
  expect(made.ids).toHaveLength(lines.length);
  expect(lines.map((line) => tokenizer.encode(line))).toEqual(made.ids);
});

test("every line comes back from its ids", () => {
  expect(lines.map((line) => tokenizer.decode(tokenizer.encode(line)))).toEqual(lines);
  expect(tokenizer.decode(tokenizer.encode(""))).toBe("");
});

test("an id that it does not have is shown as a number", () => {
  expect(tokenizer.decode([...tokenizer.encode("red"), 700, ...tokenizer.encode(" heart")])).toBe("red‹700› heart");
});

test("its file is the one that scripts/train_tokenizer.mjs makes", () => {
  const made = execFileSync(process.execPath, [at("scripts/train_tokenizer.mjs")], { encoding: "utf8" });
  expect(JSON.parse(made)).toEqual(JSON.parse(file.toString("utf8")));
});

const parts = (vocab: number) => {
  const modalities: Modality[] = [
    { kind: "codes", name: "image", vocab: 10 },
    { kind: "tokens", name: "text", vocab, tokenizer: "specs/emoji-tokenizer.json" },
  ];
  return { modalities, vocabulary: layOut(modalities) };
};

test("ids of the one vocabulary become text, with markers and other ids between", () => {
  const model = parts(tokenizer.ids + 4);
  const decoders = decodersOf(openCodecs(model, at(""), reachOf(nodeDisk, at("_"))));
  const own = tokenizer.encode("red häärt").map((id) => id + 10);
  const { spans, documentEnd } = model.vocabulary;
  const begin = spans[0]?.begin as number;
  expect(textOf([...own, begin, 3, ...own, documentEnd], model, decoders)).toBe("red häärt<image>‹3›red häärt<end>");
  expect(textOf(own.slice(0, 1), model)).toBe(`‹${own[0]}›`);
});

test("markers never take a tokenizer's ids", () => {
  // 2 markers of documents, 2 of the codes.
  expect(() => openCodecs(parts(tokenizer.ids + 4), at(""), reachOf(nodeDisk, at("_")))).not.toThrow();
  expect(() => openCodecs(parts(tokenizer.ids + 3), at(""), reachOf(nodeDisk, at("_")))).toThrow(
    /has 657 ids, but modality text has room for 656 besides its markers/,
  );
});

test.each([
  ["no JSON", "{", /^t.json: not a tokenizer.json/],
  ["a list", "[]", /^t.json: the file must be an object/],
  ["null", "null", /^t.json: the file must be an object/],
  ["an unknown model", '{"model": {"type": "Magic"}}', /^t.json: model.type "Magic" is not supported/],
  ["a key twice", '{"model": {}, "model": {}}', /^t.json: the key "model" is a duplicate/],
])("a file that is none: %s", (_, text, message) => {
  expect(() => readTokenizer(new TextEncoder().encode(text), "t.json")).toThrow(message);
});

/** A tokenizer that shows where a pattern splits: the ids of `a`, `b`, space and 1, and 4 more at the end of a piece. */
const splitting = (pattern: string) =>
  JSON.stringify({
    pre_tokenizer: { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
    model: {
      type: "BPE",
      end_of_word_suffix: "/",
      vocab: { a: 0, b: 1, " ": 2, "1": 3, "a/": 4, "b/": 5, " /": 6, "1/": 7 },
      merges: [],
    },
  });
const read = (text: string) => readTokenizer(new TextEncoder().encode(text), "t.json");

// The right ids are those of Python's tokenizers 0.23.2.
test.each([
  ["a+|b{2,}", "aabb1bb", [0, 4, 1, 5, 7, 1, 5]],
  ["a+?b|a+", "aabab1", [0, 0, 5, 0, 5, 7]],
  ["a++a|a+|b", "aab1a", [0, 4, 5, 7, 4]],
  ["(?<=a)b(?!b)", "abbab", [0, 1, 1, 4, 5]],
  ["(?i:A)|[^a-z&&[^b]]", "ab1", [4, 5, 7]],
  ["\\b", "a b1", [4, 6, 1, 7]],
])("the pattern %s splits %s", (pattern, text, ids) => {
  expect(read(splitting(pattern)).encode(text)).toEqual(ids);
});

test.each([
  ["(a+)+b", "repeats a group more than 8 times"],
  ["a+b", "could take time quadratic in the length of a text"],
  ["a*a*b|a+", "could take time quadratic in the length of a text"],
  ["a$", "has an unescaped $ at character 2"],
  ["(?i:ss)", 'has a case-insensitive "ss"'],
  ["\\p{Greek}", "has \\p{Greek} at character 2"],
  ["(a", "has an unclosed group at character 3"],
  ["[a", "has an unclosed class"],
])("the pattern %s is refused", (pattern, why) => {
  expect(() => read(splitting(pattern))).toThrow(`t.json: pre_tokenizer.pattern.Regex ${why}`);
});
