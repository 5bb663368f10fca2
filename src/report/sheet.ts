// A sheet of pictures in pairs, one above the other: what a codebook makes of the originals above.
import type { Picture } from "./png.js";

/** Pictures beside each other, and pixels of the sheet for one of theirs (at least). */
const COLUMNS = 16;
const LEAST_SIDE = 48;
const GAP = 4;
/** Between pairs. */
const ROW_GAP = 12;

/** @param pairs upper and lower picture, all of one size and as many channels; at least one pair */
export function contactSheet(pairs: readonly (readonly [Picture, Picture])[]): Picture {
  const [first] = pairs;
  if (first === undefined) throw new RangeError("a sheet of no pictures");
  const { width, height, channels } = first[0];
  const zoom = Math.max(1, Math.ceil(LEAST_SIDE / Math.max(width, height)));
  const [cellWidth, cellHeight] = [width * zoom, height * zoom];
  const columns = Math.min(COLUMNS, pairs.length);
  const rows = Math.ceil(pairs.length / columns);
  const sheetWidth = columns * (cellWidth + GAP) + GAP;
  const rowHeight = 2 * cellHeight + GAP + ROW_GAP;
  const sheetHeight = rows * rowHeight + ROW_GAP;
  const pixels = new Uint8Array(sheetWidth * sheetHeight * channels).fill(255);
  const draw = (picture: Picture, left: number, top: number): void => {
    for (let y = 0; y < cellHeight; y++)
      for (let x = 0; x < cellWidth; x++) {
        const from = (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels;
        pixels.set(picture.pixels.subarray(from, from + channels), ((top + y) * sheetWidth + left + x) * channels);
      }
  };
  pairs.forEach(([upper, lower], i) => {
    const left = GAP + (i % columns) * (cellWidth + GAP);
    const top = ROW_GAP + Math.floor(i / columns) * rowHeight;
    draw(upper, left, top);
    draw(lower, left, top + cellHeight + GAP);
  });
  return { width: sheetWidth, height: sheetHeight, channels, pixels };
}
