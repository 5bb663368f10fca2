// Byte fallback: text outside the vocabulary becomes one token for each UTF-8 byte, such as `<0x41>`.
import type { Vocabulary } from "./vocabulary.js";

/** The ids of a text's bytes; undefined if one of them is not in the vocabulary. */
export function byteFallback(vocabulary: Vocabulary): (text: string) => readonly number[] | undefined {
  const encoder = new TextEncoder();
  const byByte = Array.from({ length: 256 }, (_, byte) =>
    vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
  );
  return (text) => {
    const ids: number[] = [];
    for (const byte of encoder.encode(text)) {
      const id = byByte[byte];
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return ids;
  };
}
