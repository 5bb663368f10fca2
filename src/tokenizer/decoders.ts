// The decoders of a tokenizer.json: they turn tokens back into text.
import { BYTE_CHARACTERS } from "./byte-alphabet.js";
import {
  booleanOf,
  byType,
  characterOf,
  fieldsOf,
  isNothing,
  listOf,
  type Place,
  refuse,
  stringOf,
  wholeOf,
} from "./fields.js";
import { patternOf } from "./pattern.js";
import { metaspaceOf } from "./pre-tokenizers.js";
import { replacing } from "./split.js";

/** Returns pieces whose concatenation is the text. */
type Chain = (tokens: readonly string[]) => readonly string[];

/** Levels of nested sequences; no tokenizer in use needs more. */
const MOST_NESTED = 16;

const DECODERS: Readonly<Record<string, (place: Place, depth: number) => Chain>> = {
  ByteLevel: (place) => {
    fieldsOf(place, "add_prefix_space", "trim_offsets", "use_regex");
    return byteLevel;
  },
  WordPiece: (place) => {
    const field = fieldsOf(place, "prefix", "cleanup");
    const prefix = stringOf(field.prefix);
    const cleans = booleanOf(field.cleanup);
    return each((token, index) => {
      const joined = index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleans ? cleanedUp(joined) : joined;
    });
  },
  Metaspace: (place) => {
    const { replacement, scheme } = metaspaceOf(place);
    return each((token, index) => token.replaceAll(replacement, index === 0 && scheme !== "never" ? "" : " "));
  },
  BPEDecoder: (place) => {
    const suffix = stringOf(fieldsOf(place, "suffix").suffix);
    return (tokens) => tokens.map((token, index) => token.replaceAll(suffix, index === tokens.length - 1 ? "" : " "));
  },
  CTC: (place) => {
    const field = fieldsOf(place, "pad_token", "word_delimiter_token", "cleanup");
    const [padding, delimiter] = [stringOf(field.pad_token), stringOf(field.word_delimiter_token)];
    const cleans = booleanOf(field.cleanup);
    return (tokens) =>
      tokens
        .filter((token, index) => token !== tokens[index - 1])
        .map((token) => token.replaceAll(padding, ""))
        .map((token) => (cleans ? cleanedUp(token).replaceAll(delimiter, " ") : token));
  },
  Replace: (place) => {
    const { pattern, content } = fieldsOf(place, "pattern", "content");
    return each(replacing(patternOf(pattern), stringOf(content)));
  },
  ByteFallback: (place) => {
    fieldsOf(place);
    return byteFallback;
  },
  Fuse: (place) => {
    fieldsOf(place);
    return (tokens) => [tokens.join("")];
  },
  Strip: (place) => {
    const field = fieldsOf(place, "content", "start", "stop");
    const content = characterOf(field.content);
    const [start, stop] = [field.start, field.stop].map((of) => wholeOf(of, 0, 2 ** 32 - 1)) as [number, number];
    return each((token) => stripped(token, content, start, stop));
  },
  Sequence: (place, depth) => {
    const { decoders } = fieldsOf(place, "decoders");
    if (depth >= MOST_NESTED) refuse(place, `is nested more than ${MOST_NESTED} levels deep`);
    const all = listOf(decoders).map((one) => byType(one, DECODERS)(one, depth + 1));
    return (tokens) => all.reduce((pieces, decode) => decode(pieces), tokens);
  },
};

/** Without a decoder, tokens are joined with spaces. */
export function decoderOf(place: Place): (tokens: readonly string[]) => string {
  if (isNothing(place)) return (tokens) => tokens.join(" ");
  const decode = byType(place, DECODERS)(place, 0);
  return (tokens) => decode(tokens).join("");
}

const each =
  (decode: (token: string, index: number) => string): Chain =>
  (tokens) =>
    tokens.map(decode);

const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

const BYTES: ReadonlyMap<string, number> = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

/** A token with a character outside the byte alphabet is an added token, and stays as it is. */
const byteLevel: Chain = (tokens) => {
  const bytes: number[] = [];
  for (const token of tokens) {
    const own = Array.from(token, (character) => BYTES.get(character));
    const all = own.every((byte) => byte !== undefined) ? (own as number[]) : new TextEncoder().encode(token);
    for (const byte of all) bytes.push(byte);
  }
  return [lossy.decode(Uint8Array.from(bytes))];
};

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;

/** Decodes each run of byte tokens as UTF-8. An invalid run becomes one replacement character for each byte. */
const byteFallback: Chain = (tokens) => {
  const pieces: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    try {
      pieces.push(strict.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) pieces.push("\ufffd");
    }
    bytes = [];
  };
  for (const token of tokens) {
    const digits = BYTE_TOKEN.exec(token)?.[1];
    if (digits !== undefined) bytes.push(Number.parseInt(digits, 16));
    else {
      flush();
      pieces.push(token);
    }
  }
  flush();
  return pieces;
};

function stripped(token: string, content: string, start: number, stop: number): string {
  let [first, last] = [0, token.length];
  for (let i = 0; i < start && token.startsWith(content, first); i++) first += content.length;
  for (let i = 0; i < stop && last - content.length >= first && token.endsWith(content, last); i++)
    last -= content.length;
  return token.slice(first, last);
}

const CLEANED: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

const cleanedUp = (text: string) => CLEANED.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text);
