// Made-up documents that fit any of the modalities of a new spec: coloured shapes, their names, and their names as units.
// Enough to see a model learn; nothing that a result could be built on.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { type NewModality, UNITS } from "./template.js";

const SIDE = 16;
/** Codes of a picture along one side. */
const CELLS = 4;
const COLOURS = {
  red: [214, 56, 46],
  green: [46, 158, 74],
  blue: [52, 98, 214],
  yellow: [240, 196, 48],
  purple: [142, 68, 173],
  grey: [127, 127, 127],
  black: [24, 24, 24],
} as const satisfies Readonly<Record<string, readonly [number, number, number]>>;
/** Whether a point belongs to a shape; both coordinates from −1 to 1. */
const SHAPES = {
  disc: (x: number, y: number) => x * x + y * y < 0.72,
  square: (x: number, y: number) => Math.max(Math.abs(x), Math.abs(y)) < 0.7,
  diamond: (x: number, y: number) => Math.abs(x) + Math.abs(y) < 0.95,
  cross: (x: number, y: number) => Math.min(Math.abs(x), Math.abs(y)) < 0.3,
} as const satisfies Readonly<Record<string, (x: number, y: number) => boolean>>;
const PLACES = ["left", "right", "top", "bottom"] as const;

/** White, then the colours. */
const PALETTE = [[255, 255, 255], ...Object.values(COLOURS)] as const;

/** Writes `folder`/documents.jsonl, and pictures where there is a modality of them; 112 documents. */
export async function writeExampleData(folder: string, modalities: readonly NewModality[]): Promise<void> {
  mkdirSync(folder);
  const lines: string[] = [];
  for (const [c, colour] of Object.keys(COLOURS).entries()) {
    for (const shape of Object.keys(SHAPES) as (keyof typeof SHAPES)[]) {
      for (const place of PLACES) {
        const name = `a ${colour} ${shape} on the ${place}`;
        const file = `${colour}-${shape}-${place}.png`;
        const [dx, dy] = { left: [0.3, 0], right: [-0.3, 0], top: [0, 0.3], bottom: [0, -0.3] }[place] as [
          number,
          number,
        ];
        const inside = (x: number, y: number): boolean => SHAPES[shape](1.25 * (x + dx), 1.25 * (y + dy));
        const painted = (side: number): number[] => raster(side, (x, y) => (inside(x, y) ? c + 1 : 0));
        if (modalities.includes("image")) await writePicture(join(folder, file), painted(SIDE));
        const segments = {
          text: { text: name },
          image: { image: file },
          codes: { codes: painted(CELLS), modality: "codes" },
          speech: { codes: unitsOf(name), modality: "speech" },
        };
        lines.push(JSON.stringify({ segments: modalities.map((one) => segments[one]), either_order: true }));
      }
    }
  }
  writeFileSync(join(folder, "documents.jsonl"), `${lines.join("\n")}\n`);
}

/** A colour for each pixel, row by row. */
const raster = (side: number, colourAt: (x: number, y: number) => number): number[] =>
  Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    return colourAt((2 * x + 1) / side - 1, (2 * y + 1) / side - 1);
  });

async function writePicture(path: string, colours: readonly number[]): Promise<void> {
  const pixels = Uint8Array.from(colours.flatMap((colour) => [...(PALETTE[colour] ?? [])]));
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toFile(path);
}

/** A unit for each letter, as if it were spoken. */
const unitsOf = (name: string): number[] =>
  [...name].map((letter) => (letter === " " ? 0 : 1 + ((letter.codePointAt(0) ?? 0) % (UNITS - 1))));
