// A spec counts the ids of the tokenizers and the entries of the codebooks that it names.
import { expect, test } from "vitest";
import { check } from "../../src/front/check.js";
import type { ReadBytes } from "../../src/front/files.js";

const spec = (modalities: string, taught: readonly string[]): string => `
model { ${modalities}
  d_model: 8
  block mixer: mamba
  layers: mixer
}
objective { ${taught.map((name) => `${name}: cross_entropy`).join(", ")} }
data { source: files("a.jsonl"), length: 8 }
train { steps: 1, batch: 1 }`;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const wordLevel = (vocab: Readonly<Record<string, number>>): string =>
  JSON.stringify({ model: { type: "WordLevel", vocab, unk_token: "a" } });
const TOKENIZER = wordLevel({ a: 0, b: 1, c: 6 });

function codebook(facts: Readonly<Record<string, unknown>>, shape: unknown, error = 0): Uint8Array {
  const header = { __metadata__: facts, entries: { dtype: "F32", shape, data_offsets: [0, 4] } };
  const json = bytes(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length + error), true);
  file.set(json, 8);
  return file;
}
const FACTS = {
  format: "mom codebook 1",
  of: "patches",
  size: "8x8",
  patch: "2x2",
  channels: "3",
  scaling: "pixel / 127.5 - 1",
};

const checked = (modalities: string, taught: readonly string[], readBytes: ReadBytes) =>
  check({ path: "specs/a.mom", text: spec(modalities, taught) }, () => undefined, readBytes);

test("markers follow the tokenizer's ids in the modality that owns them, and only in that one", () => {
  const modalities = `modality image: codes(vocab: 9)
    modality text: tokens(tokenizer: "t.json")
    modality other: tokens(tokenizer: "t.json")`;
  const { spec: found, json } = checked(modalities, ["image", "text", "other"], (path) =>
    path === "specs/t.json" ? bytes(TOKENIZER) : undefined,
  );
  // 7 ids, 2 markers for documents and 2 for each of the two other modalities.
  expect(found?.model.modalities).toMatchObject([{ vocab: 9 }, { vocab: 13 }, { vocab: 7 }]);
  expect(found?.model.vocabulary).toEqual({
    size: 29,
    owner: 1,
    documentEnd: 16,
    padding: 17,
    first: [0, 9, 22],
    spans: [{ begin: 18, end: 19 }, undefined, { begin: 20, end: 21 }],
  });
  expect(json).toMatchObject({ model: { modality: { text: { vocab: 13 } } } });
});

test("a codebook's entries are counted from its header alone", () => {
  const limits: number[] = [];
  const { spec: found } = checked(
    'modality text: bytes\nmodality image: codes(codebook: "c")',
    ["text", "image"],
    (_, limit) => {
      limits.push(limit);
      return codebook(FACTS, [77, 12]);
    },
  );
  expect(found?.model.modalities[1]).toEqual({ kind: "codes", name: "image", vocab: 77, codebook: "c" });
  // The limit 0 only checks that the data exist.
  expect(limits).toEqual([65_536, 0]);
});

test("files are not needed if `vocab` is given", () => {
  const limits: number[] = [];
  const modalities = 'modality text: tokens(vocab: 20, tokenizer: "t")\nmodality image: codes(vocab: 5, codebook: "c")';
  const { spec: found } = checked(modalities, ["text", "image"], (_, limit) => {
    limits.push(limit);
    return undefined;
  });
  expect(found).toBeDefined();
  // The limits 0 only check that the codebook and the data exist.
  expect(limits).toEqual([67_108_864, 0, 0]);
});

test.each([
  ["a missing file", () => undefined, "there is no such file"],
  ["an empty file", () => new Uint8Array(), "no safetensors file with a short header"],
  ["a header longer than the file", () => codebook(FACTS, [4, 12], 1), "no safetensors file with a short header"],
  ["a truncated header", () => codebook(FACTS, [4, 12], -3), "its header is not JSON"],
  ["a shape that is not a list", () => codebook(FACTS, { length: 2 }), "the shape []"],
  ["a wrong number of columns", () => codebook(FACTS, [4, 13]), "the shape [4,13], not [entries, 12]"],
  ["a fractional number of entries", () => codebook(FACTS, [4.5, 12]), "it has 4.5 entries"],
  ["too many entries", () => codebook(FACTS, [65_537, 12]), "it has 65537 entries, not 2 to 65536"],
  ["another format", () => codebook({ ...FACTS, format: "x" }, [4, 12]), 'lack `format: "mom codebook 1"`'],
  [
    "a name from JavaScript's prototype",
    () => codebook({ ...FACTS, of: "constructor" }, [4, 12]),
    'it is of "constructor"',
  ],
])("a codebook is refused for %s", (_, read, why) => {
  const { spec: found, diagnostics } = checked(
    'modality text: bytes\nmodality image: codes(codebook: "c")',
    ["text", "image"],
    read,
  );
  expect(found).toBeUndefined();
  expect(diagnostics.map(({ name, message }) => `${name}: ${message}`).join()).toContain(why);
});

test.each(['tokenizer: "t"', 'vocab: 20, tokenizer: "t"'])("an invalid tokenizer is refused: %s", (fields) => {
  const { diagnostics } = checked(`modality text: tokens(${fields})`, ["text"], () => bytes(wordLevel({ a: 2 ** 40 })));
  expect(diagnostics.map(({ name, message }) => `${name}: ${message}`)).toEqual([
    'tokenizer: `t` cannot be used as a tokenizer: model.vocab["a"] must be a whole number from 0 to 16777215, not 1099511627776.',
  ]);
});
