// Rows of a drawing: a name with a note, and boxes.

import type { PartRow } from "../../blocks/row.fields.js";
import { type Box, boxRows, type Drawn, type Sheet } from "./boxes.js";
import type { DrawnModel, End, Weights } from "./model.js";
import { label, widthOf, wrapped } from "./text.js";

/** Room for names beside boxes on a wide sheet; on a narrow one they stand above. */
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
