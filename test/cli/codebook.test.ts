// `mom data codebook` reproduces the codebook of specs/chameleon.mom byte for byte, and refuses invalid options.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { codesOf, isOfPictures, pictureOf, readCodebook } from "../../src/data/codebook.js";
import { decodePicture } from "../../src/data/picture-file.js";
import { buildMom, type Mom } from "../support/mom.js";

const folder = mkdtempSync(join(tmpdir(), "mom-codebook-"));
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const run = (...args: string[]) => mom.run(["data", "codebook", ...args]);

test("the command in specs/chameleon.mom reproduces its codebook", async () => {
  const spec = readFileSync(fileURLToPath(new URL("../../specs/chameleon.mom", import.meta.url)), "utf8");
  const command = /mom data codebook (.*) --out (\S+)/.exec(spec);
  const checkedIn = readFileSync(fileURLToPath(new URL(`../../${command?.[2]}`, import.meta.url)));
  const { code, stdout } = run(
    ...(command?.[1]?.split(" ") ?? []),
    "--out",
    at("a.safetensors"),
    "--sheet",
    at("a.png"),
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/512 entries of 12 numbers, fitted to 18\d\d pictures of 64 patches/);
  expect(readFileSync(at("a.safetensors")).equals(checkedIn)).toBe(true);
  const [start = 0, end = 0] = [...stdout.matchAll(/(\d\.\d+e-\d) (?:at the start|at the end)/g)].map(([, e]) =>
    Number(e),
  );
  expect(end).toBeGreaterThan(0);
  expect(end).toBeLessThan(0.75 * start);
  // 64 pairs, 16 in a row, each pixel enlarged to 3x3.
  const { width, height, channels } = await sharp(at("a.png")).metadata();
  expect({ width, height, channels }).toEqual({ width: 16 * 52 + 4, height: 4 * (2 * 48 + 4 + 12) + 12, channels: 3 });
}, 240_000);

test("pictures of a folder give the same codebook as documents that name them", async () => {
  mkdirSync(at("pictures/below"), { recursive: true });
  const colours = ["#ff0000", "#00ff00", "#0000ff"];
  for (const [i, background] of colours.entries()) {
    const picture = sharp({ create: { width: 8, height: 8, channels: 3, background } });
    await picture.png().toFile(at(`pictures/${i === 2 ? "below/" : ""}${i}.png`));
  }
  const documents = ["0.png", "1.png", "below/2.png"].map((image) => JSON.stringify({ segments: [{ image }] }));
  writeFileSync(at("pictures/all.jsonl"), documents.join("\n"));
  const books = ["pictures", "pictures/all.jsonl"].map((from, i) => {
    const out = at(`${i}.safetensors`);
    const { code, stderr } = run(
      "--pictures",
      at(from),
      "--size",
      "4x4",
      "--patch",
      "2x4",
      "--entries",
      "3",
      "--out",
      out,
    );
    expect(code, stderr).toBe(0);
    return readFileSync(out);
  });
  expect(books[0]).toEqual(books[1]);
  const book = readCodebook(books[0] as Buffer, "book");
  if (!isOfPictures(book)) throw new Error("a codebook of pictures");
  expect(book.facts).toMatchObject({ entries: 3, columns: 24 });
  for (const name of ["0.png", "below/2.png"]) {
    const pixels = await decodePicture(nodeHost, readFileSync(at(`pictures/${name}`)), book.facts.kind, name);
    expect(pictureOf(codesOf(pixels, book), book)).toEqual(pixels);
  }
});

test.each([
  ["more entries than patches", ["--entries", "4"], 1, /cannot fit 4 entries to 6 rows, of which 3 are distinct/],
  ["patches that do not fit", ["--patch", "3x4"], 1, /its patches of 3x4 do not fill 4x4/],
  ["one entry", ["--entries", "1"], 1, /it has 1 entries, not 2 to 65536/],
  ["two channels", ["--channels", "2"], 1, /its `channels` are not 1, 3 or 4/],
  ["an invalid size", ["--size", "4"], 2, /Expected HEIGHTxWIDTH, such as 32x32/],
  ["a missing folder", ["--pictures", at("nowhere")], 1, /there is no folder or file/],
])("refused: %s", (_, changed, exit, message) => {
  const given = ["--pictures", at("pictures"), "--size", "4x4", "--patch", "2x4", "--out", at("x.safetensors")];
  const { code, stderr } = run(...given, ...changed);
  expect(stderr).toMatch(message);
  expect(code).toBe(exit);
});
