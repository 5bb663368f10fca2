// Makes foreign text safe to show: characters that control a terminal, change the reading direction or are invisible become
// escapes such as `\u001b`. In JSON such an escape is the character itself, so JSON keeps its meaning.

/** Code points, first and last. */
const UNSAFE: readonly (readonly [number, number])[] = [
  // Controls except newline and tab; DEL and the C1 controls.
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  // Invisible characters: soft hyphen, grapheme joiners, fillers, inherent vowels, Mongolian variation selectors, zero-width
  // spaces, invisible operators, the byte order mark.
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200b],
  [0x2060, 0x2064],
  [0x3164, 0x3164],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  // Bidirectional marks, embeddings, overrides and isolates; line and paragraph separators.
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2065, 0x206f],
  // Annotations.
  [0xfff0, 0xfffb],
];

const code = (point: number) => `\\u{${point.toString(16)}}`;
const listed = UNSAFE.map(([first, last]) => `${code(first)}-${code(last)}`).join("");
/** Emoji and several scripts need joiners; next to ASCII they only hide. Tag characters are needed in flags only. */
const PATTERN = new RegExp(
  `[${listed}]|(?<=[!-~])[\\u200c\\u200d]|[\\u200c\\u200d](?=[!-~])|(?<!\\u{1f3f4}[\\u{e0020}-\\u{e007f}]*)[\\u{e0000}-\\u{e0fff}]`,
  "gu",
);

const escaped = (character: string) =>
  Array.from({ length: character.length }, (_, i) => hex(character.charCodeAt(i))).join("");
const hex = (unit: number) => `\\u${unit.toString(16).padStart(4, "0")}`;

/** For text with several lines: keeps newlines and tabs. */
export const visible = (text: string): string => text.replace(PATTERN, escaped);

/** For text within a line. */
export const visibleLine = (text: string): string =>
  visible(text).replace(/[\n\t]/g, (character) => (character === "\n" ? "\\n" : "\\t"));

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Escapes text for HTML, between tags and in quoted attributes. */
export const escapeHtml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
