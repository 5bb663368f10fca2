// Trains a byte-level BPE tokenizer like that of GPT-2 on the names of emoji, in the tokenizer.json format of Hugging Face.
//   node scripts/train_tokenizer.mjs [MERGES] > specs/emoji-tokenizer.json
// Equal names give equal files: the most frequent pair is merged first, and equally frequent pairs in the order of their text.
import { createRequire } from "node:module";

const merges = Number(process.argv[2] ?? 400);
const names = Object.values(createRequire(import.meta.url)("unicode-emoji-json/data-by-emoji.json")).map((e) => e.name);

/** The letters of GPT-2 for bytes. Printable bytes map to themselves, the others to letters from 256. */
const letters = [];
for (let byte = 0, moved = 256; byte < 256; byte++) {
  const prints = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  letters.push(String.fromCodePoint(prints ? byte : moved++));
}
const PIECES = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** Each piece of the texts as letters, with its count, alone and within a sentence. */
const counts = new Map();
for (const name of names)
  for (const [piece] of `${name}\n ${name}`.matchAll(PIECES)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
const words = [...counts].map(([piece, count]) => ({
  count,
  parts: [...new TextEncoder().encode(piece)].map((byte) => letters[byte]),
}));

const vocabulary = [...letters].sort();
const made = [];
while (made.length < merges) {
  const pairs = new Map();
  for (const { parts, count } of words)
    for (let i = 1; i < parts.length; i++) {
      const pair = `${parts[i - 1]} ${parts[i]}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + count);
    }
  const [best] = [...pairs].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  if (best === undefined || best[1] < 2) break;
  const [left, right] = best[0].split(" ");
  made.push([left, right]);
  vocabulary.push(left + right);
  for (const word of words)
    for (let i = 1; i < word.parts.length; i++)
      if (word.parts[i - 1] === left && word.parts[i] === right) word.parts.splice(i - 1, 2, left + right);
}

const end = {
  content: "<|endoftext|>",
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
};
const tokenizer = {
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: [{ id: vocabulary.length, ...end }],
  normalizer: null,
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    merges: made.map((pair) => pair.join(" ")),
  },
};
process.stdout.write(`${JSON.stringify(tokenizer)}\n`);
