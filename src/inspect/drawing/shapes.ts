// The elements of drawings: text, which is cut if there is no room; boxes of weights, one that is shared or one for each group
// in its modalities' colours; and rows of boxes with a name and a note. Text is not measured, so its width is that of a wide
// font.

import type { PartRow } from "../../blocks/row.fields.js";
import { escapeHtml } from "../../diagnostics/visible.js";
import type { DrawnModel, End, Weights } from "./model.js";
import { colourOf, patternOf } from "./style.js";

/** Sizes in user units. */
const SIZE = { title: 15, name: 13, plain: 12, quiet: 11 } as const;
type Look = keyof typeof SIZE;

/** Widths in em, at least those of DejaVu Sans, which is wider than the default fonts of systems. */
function em(character: string): number {
  if ("ijlI|'.,:; ".includes(character)) return 0.34;
  if ("frt()[]-/".includes(character)) return 0.42;
  if ("mwMW×·→⊙∑%".includes(character)) return 0.95;
  if (/[a-z0-9_δ]/.test(character)) return 0.62;
  return /[\u2e80-\uffff]/.test(character) ? 1.05 : 0.76;
}

/** An upper bound of the width of the text. */
export function widthOf(text: string, look: Look): number {
  const bold = look === "title" || look === "name" ? 1.1 : 1;
  return SIZE[look] * bold * [...text].reduce((sum, character) => sum + em(character), 0);
}

/** The text, cut to the room. */
export function fitted(text: string, look: Look, room: number): string {
  if (widthOf(text, look) <= room) return text;
  let characters = text.length - 1;
  while (characters > 1 && widthOf(cut(text, characters), look) > room) characters--;
  return cut(text, characters);
}

interface Label {
  readonly look: Look;
  readonly anchor?: "middle" | "end";
  /** Longer text is cut, and the full text is a tooltip. */
  readonly room: number;
}

/** Text with its baseline at y. */
export function label(text: string, x: number, y: number, { look, anchor, room }: Label): string {
  if (text === "") return "";
  const shown = fitted(text, look, room);
  const whole = shown === text ? "" : `<title>${escapeHtml(text)}</title>`;
  const side = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text class="d-${look}" x="${fixed(x)}" y="${fixed(y)}"${side}>${whole}${escapeHtml(shown)}</text>`;
}

export const fixed = (n: number): number => Math.round(n * 10) / 10;

/** Wraps words to lines that fit the room. A word that is wider has its own line. */
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

/** The text, cut to this many characters. */
export const cut = (text: string, characters: number): string =>
  text.length <= characters ? text : `${text.slice(0, Math.max(1, Math.floor(characters) - 1))}…`;

export const round = (value: number): number => Math.round(value * 10) / 10;

/** A piece of SVG and its lower end. */
export interface Drawn {
  readonly svg: string;
  readonly height: number;
}

export interface Box {
  /** A line that is `named` contains a name, which may be cut if it is long. */
  readonly lines: readonly { readonly look: Look; readonly text: string; readonly named?: true }[];
  /** The modalities whose colours it has; none if it is shared. */
  readonly colours: readonly number[];
  readonly look?: "shared" | "empty";
}

/** The properties that differ between the drawings of one page, such as the prefix of pattern names. */
export interface Sheet {
  readonly id: string;
  readonly wide: boolean;
}

const LINE = 16;
const STRIP = 7;
const GAP = 8;
const PAD = 9;
/** The most room for a long name. */
const NAMED = 150;

const heightOf = ({ lines, colours }: Box): number => (colours.length > 0 ? STRIP : 0) + LINE * lines.length + 11;
const needOf = ({ lines }: Box): number =>
  Math.max(...lines.map(({ look, text, named }) => Math.min(widthOf(text, look), named ? NAMED : Infinity))) + 2 * PAD;

/**
 * Boxes side by side, of equal width if their text allows it, in several rows if they do not fit in one.
 * @param choices the same boxes with shorter and shorter lines: the first that fit in one row, or the last, are used
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

/** Distributes boxes evenly over as few rows as the widest box allows. */
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
  // The arrow in the middle leads to one of the boxes, depending on the modality of the position.
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

/** For each modality side by side: a tint of its colour, with a strip of the colour and its pattern above. */
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

/** Width for names beside boxes on a wide sheet; on a narrow one the names are above the boxes. */
const NAMES = 104;
const NAME_LINE = 18;
/** From a row to the one below that reads the same. */
const BESIDE = 8;

export const namesRoom = ({ wide }: Sheet): number => (wide ? NAMES : 0);

export interface Region {
  readonly x: number;
  readonly width: number;
}

/** @param region of names and boxes together */
export function row(
  name: string,
  note: string,
  choices: readonly Box[][],
  { x, width }: Region,
  y: number,
  sheet: Sheet,
) {
  const room = namesRoom(sheet);
  if (room === 0) {
    const after = x + widthOf(name, "name") + 8;
    const head = `${label(name, x, y + 12, { look: "name", room: width })}${label(note, after, y + 12, { look: "quiet", room: x + width - after })}`;
    const boxes = boxRows(choices, x, y + NAME_LINE, width, sheet);
    return { svg: `${head}${boxes.svg}`, height: NAME_LINE + boxes.height };
  }
  const boxes = boxRows(choices, x + room, y, width - room, sheet);
  const notes = note === "" ? [] : wrapped(note, "quiet", room - 8);
  const tall = 14 + 14 * notes.length;
  const height = Math.max(boxes.height, tall);
  const top = y + (height - tall) / 2;
  const head = label(name, x, top + 11, { look: "name", room: room - 8 });
  const under = notes.map((line, i) => label(line, x, top + 25 + 14 * i, { look: "quiet", room: room - 8 }));
  return { svg: `${head}${under.join("")}${boxes.svg}`, height };
}

/** Of parts that read the same, below each other. */
export function partRows(
  rows: readonly PartRow[],
  weights: ReadonlyMap<string, Weights>,
  model: DrawnModel,
  region: Region,
  y: number,
  sheet: Sheet,
): Drawn {
  let height = 0;
  const svg = rows.map(({ part, weights: names, note }, i) => {
    const found = names.flatMap((name) => weights.get(name) ?? []);
    if (i > 0) height += BESIDE;
    const drawn = row(part, note, weightBoxes(together(found), model), region, y + height, sheet);
    height += drawn.height;
    return drawn.svg;
  });
  return { svg: svg.join("\n"), height };
}

/** Weights of one part, which are owned alike. */
const together = (all: readonly Weights[]): Weights => ({
  shapes: all.flatMap(({ shapes }) => shapes),
  parameters: all.reduce((sum, { parameters }) => sum + parameters, 0),
  owners: all[0]?.owners ?? [],
});

const exact = (n: number): string => n.toLocaleString("en-US");

function sized(heads: Box["lines"], { shapes, parameters }: Pick<Weights, "shapes" | "parameters">): Box["lines"][] {
  const shape = shapes.join(" + ");
  if (shape === String(parameters)) return [[...heads, { look: "plain", text: exact(parameters) }]];
  return [
    [...heads, { look: "plain", text: `${shape} · ${exact(parameters)}` }],
    [...heads, { look: "plain", text: shape }, { look: "quiet", text: exact(parameters) }],
  ];
}

/** One box for each copy. */
export function weightBoxes(weights: Weights, { modalities }: DrawnModel): Box[][] {
  const boxes = weights.owners.map((owners) => {
    const isShared = weights.owners.length === 1;
    const names = owners.map((m) => modalities[m]?.name ?? "").join(", ");
    const heads: Box["lines"] =
      modalities.length === 1 ? [] : [{ look: "quiet", text: isShared ? "shared" : names, named: true }];
    return sized(heads, weights).map((lines): Box => ({ lines, colours: isShared ? [] : owners }));
  });
  return [0, 1].map((choice) => boxes.flatMap((alternatives) => alternatives[choice] ?? alternatives.at(-1) ?? []));
}

export function endBoxes(ends: readonly End[]): Box[][] {
  const boxes = ends.map((end) =>
    sized([{ look: "name", text: end.name, named: true }], end).map(
      (lines): Box => ({ lines, colours: end.modalities }),
    ),
  );
  return [0, 1].map((choice) => boxes.flatMap((alternatives) => alternatives[choice] ?? alternatives.at(-1) ?? []));
}
