// Tokenizers: the same ids as Hugging Face's own library in Python (test/data/tokenizer/ids.json, made by
// scripts/tokenizer_ids.py), and text again.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodersOf, openCodecs } from "../../src/data/codecs.js";
import { readTokenizer } from "../../src/data/tokenizer.js";
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
  const decoders = decodersOf(openCodecs(model, at("")));
  const own = tokenizer.encode("red häärt").map((id) => id + 10);
  const { spans, documentEnd } = model.vocabulary;
  const begin = spans[0]?.begin as number;
  expect(textOf([...own, begin, 3, ...own, documentEnd], model, decoders)).toBe("red häärt<image>‹3›red häärt<end>");
  expect(textOf(own.slice(0, 1), model)).toBe(`‹${own[0]}›`);
});

test("markers never take a tokenizer's ids", () => {
  // 2 markers of documents, 2 of the codes.
  expect(() => openCodecs(parts(tokenizer.ids + 4), at(""))).not.toThrow();
  expect(() => openCodecs(parts(tokenizer.ids + 3), at(""))).toThrow(
    /has 657 ids, and modality text has room for 656 beside its markers/,
  );
});

test.each([
  ["no JSON", "{", /^t.json: not a tokenizer.json/],
  ["a list", "[]", /^t.json: the file must be an object/],
  ["null", "null", /^t.json: the file must be an object/],
  ["an unknown model", '{"model": {"type": "Magic"}}', /^t.json: model.type "Magic" is not supported/],
  ["a key twice", '{"model": {}, "model": {}}', /^t.json: the key "model" is given twice/],
])("a file that is none: %s", (_, text, message) => {
  expect(() => readTokenizer(new TextEncoder().encode(text), "t.json")).toThrow(message);
});
