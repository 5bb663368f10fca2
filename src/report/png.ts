// PNG files from pixels: 8 bits a channel, every row filtered the way that looks cheapest.
// Format: https://www.w3.org/TR/png-3/
import { crc32, deflateSync } from "node:zlib";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Grey, RGB or RGBA. */
  readonly channels: 1 | 3 | 4;
  /** Row by row, channels of a pixel side by side: height · width · channels bytes. */
  readonly pixels: Uint8Array;
}

/** Numbers in [−1, 1], as models give them, to bytes; what lies outside is clipped, NaN is black. */
export const pixelBytes = (values: ArrayLike<number>): Uint8Array =>
  Uint8Array.from(values, (value) => Math.max(0, Math.min(255, Math.round((value + 1) * 127.5))) || 0);

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const COLOR_TYPE: Readonly<Record<Picture["channels"], number>> = { 1: 0, 3: 2, 4: 6 };

/** The bytes of a PNG file; the same picture gives the same bytes under one version of zlib. */
export function encodePng(picture: Picture): Uint8Array {
  const { width, height, channels, pixels } = picture;
  if (pixels.length !== width * height * channels || pixels.length === 0)
    throw new RangeError(`${pixels.length} bytes are no ${width}x${height} picture of ${channels} channels`);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, COLOR_TYPE[channels], 0, 0, 0], 8);
  const data = deflateSync(filteredRows(picture), { level: 9 });
  return Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", new Uint8Array())]);
}

/** The same for a picture of as many channels as a modality may have. @throws RangeError for others than 1, 3 and 4 */
export function pngOf({ channels, ...picture }: Omit<Picture, "channels"> & { readonly channels: number }): Uint8Array {
  if (channels !== 1 && channels !== 3 && channels !== 4) throw new RangeError(`a PNG has no ${channels} channels`);
  return encodePng({ ...picture, channels });
}

/** Length, type, data, and the CRC-32 of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), data.length + 8);
  return bytes;
}

/** Filter types 0 to 4 in order: a byte's prediction from its left, upper and upper left neighbours. */
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

/** Each row behind its filter's type: of the five the one whose residuals, as signed bytes, have the least sum. */
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
