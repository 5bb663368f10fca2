// The alphabet of byte-level tokenizers: a printable character for each byte, as in GPT-2.

const PRINTABLE: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
];

/** Indexed by byte: the byte's own character if it is printable, otherwise the next free one from U+0100. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let free = 0x100;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(PRINTABLE.some(([first, last]) => byte >= first && byte <= last) ? byte : free++),
  );
})();

/** The UTF-8 bytes of a text, each as its character. */
export function asByteCharacters(text: string): string {
  let characters = "";
  for (const byte of new TextEncoder().encode(text)) characters += BYTE_CHARACTERS[byte];
  return characters;
}
