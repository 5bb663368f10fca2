// Pictures that need too much memory or time, and the processes that decode pictures.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { decodeSeconds } from "../../src/api/node/data-host.js";
import { nodeHost } from "../../src/api/node/host.js";
import { crc32 } from "../../src/data/crc32.js";
import { decodePicture } from "../../src/data/picture-file.js";
import { prepare } from "../../src/data/prepare.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { ROOT } from "../support/mom.js";
import { filesAt } from "../support/source.js";
import { textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-decoders-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => {
  delete process.env.MOM_DECODE_SECONDS;
});
const size = { height: 8, width: 8, channels: 3 };

function chunk(type: string, data: Uint8Array): Buffer {
  const all = Buffer.concat([Buffer.alloc(4), Buffer.from(type), data, Buffer.alloc(4)]);
  all.writeUInt32BE(data.length);
  all.writeUInt32BE(crc32(all.subarray(4, -4)), all.length - 4);
  return all;
}

/** A PNG whose header claims more pixels than it has. */
function claims(width: number, height: number, depth: number, interlaced: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, 6, 0, 0, interlaced], 8);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  const pixels = chunk("IDAT", deflateSync(Buffer.alloc(64)));
  return Buffer.concat([signature, chunk("IHDR", header), pixels, chunk("IEND", Buffer.alloc(0))]);
}

/** An SVG that draws noise 100 000 times. Decoding takes about eight seconds and needs no fonts. */
function slow(): string {
  const tens = (id: number) => `<g id="a${id}">${`<use href="#a${id - 1}"/>`.repeat(10)}</g>`;
  const noise = `<filter id="noise"><feTurbulence baseFrequency="0.5" numOctaves="9"/></filter>`;
  const drawn = `<rect id="a0" width="32" height="32" filter="url(#noise)"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><defs>${noise}${drawn}${[1, 2, 3, 4, 5]
    .map(tens)
    .join("")}</defs><use href="#a5"/></svg>`;
}

async function refusal(promise: Promise<unknown>): Promise<InputError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InputError) return error;
  throw error ?? new Error("not refused");
}

/** Prepares two documents with a limit of one second per picture: one with a bad picture, which is skipped, and the given one. */
async function prepared(name: string, picture: string) {
  process.env.MOM_DECODE_SECONDS = "1";
  const path = name.replace(/svg$/, "jsonl");
  writeFileSync(join(folder, name), picture);
  writeFileSync(join(folder, "bad.png"), "no picture");
  const lines = ["bad.png", name].map((image) => JSON.stringify({ segments: [{ text: "a" }, { image }] }));
  writeFileSync(join(folder, path), lines.join("\n"));
  const data = { source: filesAt(path), length: 64, held_out: 0 } as const;
  return await prepare(data, textAndImages(), { host: nodeHost, folder, cache: join(folder, "cache"), skipBad: true });
}

describe("decoding a picture", () => {
  it.each([
    ["interlaced, 16 bits", claims(16_380, 16_380, 16, 1)],
    ["16 bits", claims(12_000, 12_000, 16, 0)],
    ["more pixels than allowed", claims(17_000, 17_000, 8, 0)],
    ["the largest size that a header can have", claims(0x7fffffff, 0x7fffffff, 8, 0)],
    ["an SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>')],
  ])("is refused because of its header: %s", async (_, bytes) => {
    const { message, remedy } = await refusal(decodePicture(nodeHost, bytes, size, "a.jsonl:1: b.png"));
    expect(message).toMatch(
      /^a\.jsonl:1: b\.png: the image cannot be read \((it has \d+ × \d+ pixels|.*exceeds user limit|.*size)/,
    );
    expect(remedy).toMatch(/fewer pixels|PNG/);
  });

  it("ends after its time limit, and such a picture is not skipped", async () => {
    const { message, remedy } = await refusal(prepared("slow.svg", slow()));
    expect(message).toBe("slow.jsonl:2: slow.svg: decoding the image was stopped after 1 s");
    expect(remedy).toContain("MOM_DECODE_SECONDS=");
    // Other pictures can still be decoded.
    delete process.env.MOM_DECODE_SECONDS;
    const red = sharp({ create: { width: 9, height: 9, channels: 3, background: "#ff0000" } });
    expect((await decodePicture(nodeHost, await red.png().toBuffer(), size, "a")).subarray(0, 3)).toEqual(
      Uint8Array.of(255, 0, 0),
    );
  });

  it("of text in SVG finishes or stops at the time limit, depending on the machine's fonts", async () => {
    const text = readFileSync(join(ROOT, "test/cases/faults/svg-5kB-text-decodes-9s.svg"), "utf8");
    const outcome = await prepared("text.svg", text).then(
      ({ dataSet }) => dataSet.train.length,
      ({ message }: Error) => message,
    );
    expect([1, "text.jsonl:2: text.svg: decoding the image was stopped after 1 s"]).toContain(outcome);
  });

  it("runs for several pictures at a time, and each gets its own pixels", async () => {
    const files = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        sharp({ create: { width: 2400, height: 2400, channels: 3, background: { r: 10 * i, g: 0, b: 0 } } })
          .png({ compressionLevel: 1 })
          .toBuffer(),
      ),
    );
    const pixels = await Promise.all(
      files.map((bytes) => decodePicture(nodeHost, () => Promise.resolve(bytes), size, "a")),
    );
    expect(pixels.map(([red]) => red)).toEqual(files.map((_, i) => 10 * i));
  });

  it("does not block decoders if files cannot be read", async () => {
    const failing = () => Promise.reject(new InputError("file-unreadable", "gone", "Look for it."));
    const refused = Array.from({ length: 9 }, () => refusal(decodePicture(nodeHost, failing, size, "a")));
    expect((await Promise.all(refused)).map(({ message }) => message)).toEqual(Array(9).fill("gone"));
  });

  it("has a time limit of at least a second", () => {
    expect([decodeSeconds({}), decodeSeconds({ MOM_DECODE_SECONDS: "2.5" })]).toEqual([30, 2.5]);
    for (const MOM_DECODE_SECONDS of ["0", "-1", "a", "1e9", "NaN"])
      expect(() => decodeSeconds({ MOM_DECODE_SECONDS })).toThrow(/MOM_DECODE_SECONDS is/);
  });
});
