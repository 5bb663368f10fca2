// The alphabet of byte-level tokenizers: a printable character for each byte, as GPT-2 has it.

const PRINTABLE: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
];

/** By byte: itself where that is printable, and else the next free character from U+0100. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  let free = 0x100;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(PRINTABLE.some(([first, last]) => byte >= first && byte <= last) ? byte : free++),
  );
})();

/** The bytes of a text's UTF-8, each as its character. */
export function asByteCharacters(text: string): string {
  let characters = "";
  for (const byte of new TextEncoder().encode(text)) characters += BYTE_CHARACTERS[byte];
  return characters;
}
