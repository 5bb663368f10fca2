// Encodes pixels as PNG with 8 bits per channel, and chooses the cheapest filter for every row.
// Format: https://www.w3.org/TR/png-3/
import { crc32 } from "../data/crc32.js";
import { joinedBytes } from "../data/joined.js";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 3 | 4;
  /** [height, width, channels], height · width · channels bytes. */
  readonly pixels: Uint8Array;
}

/** Compresses bytes in the zlib format, at the highest level. */
export type Deflate = (bytes: Uint8Array) => Uint8Array;

/** Converts a model's values in [−1, 1] to bytes. Values outside are clipped; NaN becomes black. */
export const pixelBytes = (values: ArrayLike<number>): Uint8Array =>
  Uint8Array.from(values, (value) => Math.max(0, Math.min(255, Math.round((value + 1) * 127.5))) || 0);

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOR_TYPE: Readonly<Record<Picture["channels"], number>> = { 1: 0, 3: 2, 4: 6 };

/** The bytes of a PNG file. They are deterministic for one version of zlib. */
export function encodePng(picture: Picture, deflate: Deflate): Uint8Array {
  const { width, height, channels, pixels } = picture;
  if (pixels.length !== width * height * channels || pixels.length === 0)
    throw new RangeError(`${pixels.length} bytes are not a ${width}x${height} picture with ${channels} channels`);
  const header = new Uint8Array(13);
  const fields = new DataView(header.buffer);
  fields.setUint32(0, width);
  fields.setUint32(4, height);
  header.set([8, COLOR_TYPE[channels], 0, 0, 0], 8);
  const data = deflate(filteredRows(picture));
  const parts = [SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array())];
  return joinedBytes(parts);
}

/** The same for a picture of a modality. @throws RangeError unless it has 1, 3 or 4 channels */
export function pngOf(
  { channels, ...picture }: Omit<Picture, "channels"> & { readonly channels: number },
  deflate: Deflate,
): Uint8Array {
  if (channels !== 1 && channels !== 3 && channels !== 4)
    throw new RangeError(`a PNG cannot have ${channels} channels`);
  return encodePng({ ...picture, channels }, deflate);
}

/** A chunk: length, type, data, and the CRC-32 of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  fields.setUint32(data.length + 8, crc32(bytes.subarray(4, -4)));
  return bytes;
}

/** Filter types 0 to 4 in order. Each predicts a byte from its left, upper and upper-left neighbours. */
const PREDICTIONS: readonly ((left: number, up: number, upLeft: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
];

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [byLeft, byUp, byUpLeft] = [left, up, upLeft].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (byLeft <= byUp && byLeft <= byUpLeft) return left;
  return byUp <= byUpLeft ? up : upLeft;
}

/** Rows, each after the type of its filter: the one whose residuals, as signed bytes, have the smallest sum. */
function filteredRows({ width, height, channels, pixels }: Picture): Uint8Array {
  const stride = width * channels;
  const rows = new Uint8Array(height * (stride + 1));
  const at = (row: number, column: number): number =>
    row < 0 || column < 0 ? 0 : (pixels[row * stride + column] as number);
  for (let row = 0; row < height; row++) {
    const candidates = PREDICTIONS.map((predict, type) => {
      const filtered = new Uint8Array(stride + 1);
      filtered[0] = type;
      let cost = 0;
      for (let column = 0; column < stride; column++) {
        const prediction = predict(at(row, column - channels), at(row - 1, column), at(row - 1, column - channels));
        const residual = (at(row, column) - prediction) & 0xff;
        filtered[column + 1] = residual;
        cost += Math.min(residual, 256 - residual);
      }
      return { filtered, cost };
    });
    const cheapest = candidates.reduce((best, other) => (other.cost < best.cost ? other : best));
    rows.set(cheapest.filtered, row * (stride + 1));
  }
  return rows;
}

/** Pictures per row, and the smallest scale of a picture on the sheet. */
const COLUMNS = 16;
const LEAST_SIDE = 48;
const GAP = 4;
/** Pixels between pairs. */
const ROW_GAP = 12;

/** @param pairs at least one pair of an upper and a lower picture, all with the same size and channels */
export function contactSheet(pairs: readonly (readonly [Picture, Picture])[]): Picture {
  const [first] = pairs;
  if (first === undefined) throw new RangeError("a sheet without pictures");
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
