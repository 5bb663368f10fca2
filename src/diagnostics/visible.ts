// Foreign text made safe to show: characters that would steer a terminal, turn the reading direction or hide come out as
// escapes, `\u001b`. In JSON such an escape means the character itself, so that JSON stays what it was.

/** Code points, first and last. */
const UNSAFE: readonly (readonly [number, number])[] = [
  // Controls, of which newline and tab stay; DEL and the C1 controls.
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  // Without width or ink: soft hyphen, joiners of graphemes, fillers, vowels that are not shown, variation selectors of
  // Mongolian, spaces of no width, operators that are not seen, the byte order mark.
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
  // Direction: marks, embeddings, overrides, isolates. And separators of lines and paragraphs.
  [0x61c, 0x61c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2065, 0x206f],
  // Annotations.
  [0xfff0, 0xfffb],
];

const code = (point: number): string => `\\u{${point.toString(16)}}`;
const listed = UNSAFE.map(([first, last]) => `${code(first)}-${code(last)}`).join("");
/** Emoji and several scripts are written with joiners; beside ASCII they only hide. Tags spell flags, and else only hide. */
const PATTERN = new RegExp(
  `[${listed}]|(?<=[!-~])[\\u200c\\u200d]|[\\u200c\\u200d](?=[!-~])|(?<!\\u{1f3f4}[\\u{e0020}-\\u{e007f}]*)[\\u{e0000}-\\u{e0fff}]`,
  "gu",
);

const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, i) => hex(character.charCodeAt(i))).join("");
const hex = (unit: number): string => `\\u${unit.toString(16).padStart(4, "0")}`;

/** For text of several lines: newlines and tabs stay. */
export const visible = (text: string): string => text.replace(PATTERN, escaped);

/** For what is shown within a line. */
export const visibleLine = (text: string): string =>
  visible(text).replace(/[\n\t]/g, (character) => (character === "\n" ? "\\n" : "\\t"));

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Safe between tags and inside quoted attributes. */
export const escapeHtml = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
