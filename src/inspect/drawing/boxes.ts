// Boxes of weights beside each other: one that is shared, or one for each group in its modalities' colours.

import { colourOf, patternOf } from "./style.js";
import { fixed, type Label, type Look, label, widthOf } from "./text.js";

/** What was drawn, and how far down it reaches. */
export interface Drawn {
  readonly svg: string;
  readonly height: number;
}

export interface Box {
  /** Lines that are `named` hold names, which may be cut where they are long. */
  readonly lines: readonly { readonly look: Look; readonly text: string; readonly named?: true }[];
  /** Modalities whose colours it has; none for what is shared. */
  readonly colours: readonly number[];
  readonly look?: "shared" | "empty";
}

/** What differs between the drawings of one page: the beginning of the names of their patterns. */
export interface Sheet {
  readonly id: string;
  readonly wide: boolean;
}

const LINE = 16;
const STRIP = 7;
const GAP = 8;
const PAD = 9;
/** Names get no more room than this on account of their length. */
const NAMED = 150;

const heightOf = ({ lines, colours }: Box): number => (colours.length > 0 ? STRIP : 0) + LINE * lines.length + 11;
const needOf = ({ lines }: Box): number =>
  Math.max(...lines.map(({ look, text, named }) => Math.min(widthOf(text, look), named ? NAMED : Infinity))) + 2 * PAD;

/**
 * Boxes beside each other, equal where their text lets them be; in several rows where they have no room in one.
 * @param choices the same boxes with ever shorter lines: the first that fit into one row are taken, else the last
 */
export function boxRows(
  choices: readonly (readonly Box[])[],
  x: number,
  y: number,
  width: number,
  sheet: Sheet,
): Drawn {
  const inOneRow = (boxes: readonly Box[]): boolean =>
    boxes.length === 1 || sum(boxes.map(needOf)) <= room(width, boxes);
  const boxes = choices.find(inOneRow) ?? choices.at(-1) ?? [];
  const tall = Math.max(0, ...boxes.map(heightOf));
  const rows = inOneRow(boxes) ? [boxes] : inRows(boxes, width);
  const svg = rows.map((row, i) => oneRow(row, x, y + i * (tall + GAP), width, tall, sheet));
  return { svg: svg.join("\n"), height: Math.max(0, rows.length * (tall + GAP) - GAP) };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);
const room = (width: number, { length }: readonly Box[]): number => width - GAP * (length - 1);

/** As many in a row as the widest lets stand there, and as even as that lets the rows be. */
function inRows(boxes: readonly Box[], width: number): Box[][] {
  const most = Math.max(1, Math.floor((width + GAP) / (Math.max(...boxes.map(needOf)) + GAP)));
  const columns = Math.ceil(boxes.length / Math.ceil(boxes.length / most));
  const rows = Math.ceil(boxes.length / columns);
  return Array.from({ length: rows }, (_, row) => boxes.slice(row * columns, (row + 1) * columns));
}

function oneRow(boxes: readonly Box[], x: number, y: number, width: number, height: number, sheet: Sheet): string {
  const needs = boxes.map(needOf);
  const each = room(width, boxes) / boxes.length;
  const spare = (room(width, boxes) - sum(needs)) / boxes.length;
  const fits = boxes.length === 1 || needs.every((need) => need <= each);
  let left = x;
  const drawn = boxes.map((box, i) => {
    const wide = fits ? each : (needs[i] ?? 0) + spare;
    const svg = oneBox(box, left, y, wide, height, sheet);
    left += wide + GAP;
    return svg;
  });
  // What goes down in the middle leads into one of them, whichever the position is of.
  const around = `<rect class="d-row" x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}"/>`;
  return `${boxes.length > 1 ? around : ""}${drawn.join("\n")}`;
}

function oneBox(box: Box, x: number, y: number, width: number, height: number, sheet: Sheet): string {
  const place = `x="${fixed(x)}" y="${fixed(y)}" width="${fixed(width)}" height="${fixed(height)}"`;
  const strip = box.colours.length > 0 ? STRIP : 0;
  const top = y + strip + (height - strip - LINE * box.lines.length) / 2;
  const text = box.lines.map(({ look, text: words }, i) => {
    const about: Label = { look, anchor: "middle", room: width - PAD };
    return label(words, x + width / 2, top + LINE * i + 12, about);
  });
  const back =
    box.colours.length > 0
      ? `${coloured(box.colours, x, y, width, height, sheet)}<rect class="d-box" ${place}/>`
      : `<rect class="d-${box.look ?? "shared"}" rx="3" ${place}/>`;
  return `<g>${back}${text.join("")}</g>`;
}

/** Side by side: a tint of each colour, and above it a strip of the colour with its pattern. */
function coloured(modalities: readonly number[], x: number, y: number, width: number, height: number, { id }: Sheet) {
  const each = width / modalities.length;
  return modalities
    .map((m, i) => {
      const across = `x="${fixed(x + i * each)}" y="${fixed(y)}" width="${fixed(each)}"`;
      const look = `d-m${colourOf(m)}`;
      const marks = patternOf(m) === 0 ? "" : `<rect fill="url(#${id}-p${patternOf(m)})" ${across} height="${STRIP}"/>`;
      return `<rect class="d-tint ${look}" ${across} height="${fixed(height)}"/><rect class="${look}" ${across} height="${STRIP}"/>${marks}`;
    })
    .join("");
}
