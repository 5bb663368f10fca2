// Text in a drawing, and how wide it may come out: no font is asked, so widths are those of a wide one.
import { escapeHtml } from "../../diagnostics/visible.js";

/** Sizes in user units. */
export const SIZE = { title: 15, name: 13, plain: 12, quiet: 11 } as const;
export type Look = keyof typeof SIZE;

/** Widths in em, at least those of DejaVu Sans, which is wider than what systems show by default. */
function em(character: string): number {
  if ("ijlI|'.,:; ".includes(character)) return 0.34;
  if ("frt()[]-/".includes(character)) return 0.42;
  if ("mwMW×·→⊙∑%".includes(character)) return 0.95;
  if (/[a-z0-9_δ]/.test(character)) return 0.62;
  return /[\u2e80-\uffff]/.test(character) ? 1.05 : 0.76;
}

/** No narrower than the text will be. */
export function widthOf(text: string, look: Look): number {
  const bold = look === "title" || look === "name" ? 1.1 : 1;
  return SIZE[look] * bold * [...text].reduce((sum, character) => sum + em(character), 0);
}

/** As much of the text as there is room for. */
export function fitted(text: string, look: Look, room: number): string {
  if (widthOf(text, look) <= room) return text;
  let characters = text.length - 1;
  while (characters > 1 && widthOf(cut(text, characters), look) > room) characters--;
  return cut(text, characters);
}

export interface Label {
  readonly look: Look;
  readonly anchor?: "middle" | "end";
  /** What does not fit is cut off, and told to the pointer. */
  readonly room: number;
}

/** Standing on y. */
export function label(text: string, x: number, y: number, { look, anchor, room }: Label): string {
  if (text === "") return "";
  const shown = fitted(text, look, room);
  const whole = shown === text ? "" : `<title>${escapeHtml(text)}</title>`;
  const side = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text class="d-${look}" x="${fixed(x)}" y="${fixed(y)}"${side}>${whole}${escapeHtml(shown)}</text>`;
}

export const fixed = (n: number): number => Math.round(n * 10) / 10;

/** Words in lines that are no wider than the room; a word that is, stands alone. */
export function wrapped(text: string, look: Look, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = `${last} ${word}`;
    if (last !== undefined && widthOf(longer, look) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** As much of a text as there is room for. */
export const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, Math.max(1, Math.floor(characters) - 1))}…`;

export const round = (value: number): number => Math.round(value * 10) / 10;
