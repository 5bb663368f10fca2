// PNG files read back with another library.
import sharp from "sharp";
import { expect, test } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { stream } from "../../src/random/stream.js";
import { encodePng, pixelBytes } from "../../src/report/png.js";

test.each([1, 3, 4] as const)("an image of %i channels reads back without loss", async (channels) => {
  const numbers = stream("sample", channels);
  for (const [width, height] of [
    [1, 1],
    [7, 3],
    [32, 32],
  ] as const) {
    // One half is smooth and the other noise, so every filter is the best one for some rows.
    const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) =>
      i % 64 < 32 ? (i * 3) % 256 : numbers.below(256),
    );
    const png = encodePng({ width, height, channels, pixels }, nodeHost.deflate);
    const { data, info } = await sharp(png)
      .toColourspace(channels === 1 ? "b-w" : "srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width, height, channels });
    expect(new Uint8Array(data)).toEqual(pixels);
  }
});

test("filters compress a ramp to less than a tenth of its bytes", () => {
  const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.floor(i / 192) + (i % 192)) % 256);
  expect(encodePng({ width: 64, height: 64, channels: 3, pixels }, nodeHost.deflate).length).toBeLessThan(
    pixels.length / 10,
  );
});

test("numbers in [−1, 1] become bytes, and others are clipped", () => {
  expect([...pixelBytes([-1, 0, 1, -7, 7, Number.NaN, 0.5])]).toEqual([0, 128, 255, 0, 255, 0, 191]);
});

test("pixels that do not fill the image are refused", () => {
  expect(() => encodePng({ width: 2, height: 2, channels: 3, pixels: new Uint8Array(11) }, nodeHost.deflate)).toThrow(
    /not a 2x2 picture/,
  );
});
