// Every tokenizer in the table gives the ids of Hugging Face's Python library, or is refused with the reason. None gives
// different ids. scripts/tokenizer_table.py generates the table.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readTokenizer, type TextTokenizer } from "../../src/data/codecs.js";
import { InputError } from "../../src/diagnostics/input-error.js";

interface Table {
  readonly texts: readonly string[];
  /** `ids` by text, or a string if the library raises an exception. `decoded` is null if it equals the text. */
  readonly tokenizers: readonly {
    readonly name: string;
    readonly tokenizer: string;
    readonly ids: readonly (readonly number[] | string)[];
    readonly decoded: readonly (string | null)[];
  }[];
}

const packed = readFileSync(fileURLToPath(new URL("tokenizer/tokenizer-table.json.gz", import.meta.url)));
const { texts, tokenizers } = JSON.parse(gunzipSync(packed).toString("utf8")) as Table;

/** Returns the result of `work`, or its InputError. Any other error fails the test. */
function orRefused<T>(work: () => T): T | InputError {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

const read = new Map<string, TextTokenizer | InputError>(
  tokenizers.map(({ name, tokenizer }) => [
    name,
    orRefused(() => readTokenizer(new TextEncoder().encode(tokenizer), "tokenizer.json")),
  ]),
);

test("ids are equal, or the tokenizer or the text is refused", () => {
  const different: string[] = [];
  const counts = { equal: 0, refusedByBoth: 0, refusedTexts: 0, refusedTokenizers: 0 };
  for (const { name, ids } of tokenizers) {
    const tokenizer = read.get(name) as TextTokenizer | InputError;
    if (tokenizer instanceof InputError) {
      counts.refusedTokenizers++;
      continue;
    }
    texts.forEach((text, index) => {
      const expected = ids[index];
      const got = orRefused(() => tokenizer.encode(text));
      if (got instanceof InputError) counts[typeof expected === "string" ? "refusedByBoth" : "refusedTexts"]++;
      else if (JSON.stringify(got) === JSON.stringify(expected)) counts.equal++;
      else different.push(`${name}: ${JSON.stringify(text)} must be ${expected}, is ${got}`);
    });
  }
  expect(different).toEqual([]);
  expect(counts).toEqual({ equal: 11_145, refusedByBoth: 295, refusedTexts: 0, refusedTokenizers: 12 });
});

test("a refusal names the place in the file", () => {
  const refused = [...read].filter(([, tokenizer]) => tokenizer instanceof InputError) as [string, InputError][];
  for (const [name, { message, remedy }] of refused) {
    expect(message, name).toMatch(/^tokenizer\.json: (normalizer|pre_tokenizer|truncation|padding)[\w.[\]]* /);
    expect(remedy, name).not.toBe("");
  }
});

test("ids decode to the same text as with the library", () => {
  const different: string[] = [];
  for (const { name, ids, decoded } of tokenizers) {
    const tokenizer = read.get(name) as TextTokenizer | InputError;
    if (tokenizer instanceof InputError) continue;
    texts.forEach((text, index) => {
      const own = ids[index];
      if (typeof own === "string" || own === undefined) return;
      const got = tokenizer.decode(own);
      const expected = decoded[index] ?? text;
      if (got !== expected) different.push(`${name}: must be ${JSON.stringify(expected)}, is ${JSON.stringify(got)}`);
    });
  }
  expect(different).toEqual([]);
});
