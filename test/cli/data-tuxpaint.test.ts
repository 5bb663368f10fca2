// `mom data tuxpaint`, with small packages that the test makes.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { afterAll, describe, expect, test } from "vitest";
import { COPYRIGHT, captionsOf, recipe, STAMPS } from "../../recipes/tuxpaint.js";
import { wavSeconds } from "../../src/api/node/recipes.js";
import { ascii, joined, sine, wavOf } from "../data/audio/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "mom-tuxpaint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 2000 samples of a tone at 8000 Hz. */
const TONE = readFileSync(fileURLToPath(new URL("../cases/audio/tone.ogg", import.meta.url)));
const PNG = ascii("a picture, which the recipe copies");
const DUCK = "A duck.\nfr.utf8=Un canard.\nca@valencia.utf8=Un ànec.\nde.utf8=\nnot a caption\n";
const FILES: Readonly<Record<string, Uint8Array>> = {
  [COPYRIGHT]: ascii("GPL-2"),
  [`${STAMPS}birds/duck.svg`]: ascii("<svg/>"),
  [`${STAMPS}birds/duck.png`]: PNG,
  [`${STAMPS}birds/duck.txt`]: new TextEncoder().encode(DUCK),
  [`${STAMPS}birds/duck.ogg`]: TONE,
  [`${STAMPS}birds/duck_desc.ogg`]: TONE,
  [`${STAMPS}birds/duck_desc_fr.wav`]: wavOf([sine(300, 0.5, 8_000)], 8_000),
  [`${STAMPS}birds/duck_desc_de.ogg`]: TONE,
  [`${STAMPS}birds/duck_mirror.png`]: PNG,
  [`${STAMPS}apple.svg`]: ascii("<svg/>"),
  [`${STAMPS}apple.txt`]: ascii("An apple."),
  [`${STAMPS}nothing.txt`]: ascii("No picture."),
  [`${STAMPS}../../../../outside.png`]: PNG,
};

const tarOf = async (files = FILES): Promise<Uint8Array> =>
  await packTar(
    Object.entries(files).map(([name, body]) => ({ header: { name: `./${name}`, size: body.length }, body })),
  );

const memberOf = (name: string, bytes: Uint8Array) =>
  joined(
    ascii(
      `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${`${bytes.length}`.padEnd(10)}\`\n`,
    ),
    bytes,
    ascii(bytes.length % 2 === 1 ? "\n" : ""),
  );

function pack(data: string, bytes: Uint8Array) {
  const deb = joined(
    ascii("!<arch>\n"),
    memberOf("debian-binary", ascii("2.0\n")),
    memberOf("control.tar.xz", ascii("odd")),
    memberOf(data, bytes),
  );
  return write("stamps.deb", deb);
}

function write(name: string, bytes: Uint8Array) {
  const from = join(folder, name);
  writeFileSync(from, bytes);
  return { from, sha256: createHash("sha256").update(bytes).digest("hex") };
}

const out = join(folder, "out");
const run = async (options: { from: string; sha256: string }, languages = "en", heldOut = 0) =>
  await recipe.run({ out, languages, heldOut, ...options }, () => {});
const written = (name = "tuxpaint.jsonl") =>
  readFileSync(join(out, name), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const ENGLISH = [
  { id: "apple.en", segments: [{ text: "An apple." }, { image: "stamps/apple.svg" }], either_order: true },
  {
    id: "birds/duck.en",
    segments: [{ text: "A duck." }, { image: "stamps/birds/duck.png" }, { audio: "stamps/birds/duck_desc_en.wav" }],
    either_order: true,
  },
];

describe("mom data tuxpaint", () => {
  test("pairs each picture with its captions and recordings, and prints the licence", async () => {
    const printed = await run(pack("data.tar.gz", gzipSync(await tarOf())), "en,fr");
    expect(printed).toContain("3 documents of 2 pictures");
    expect(printed).toContain("en: 2 captions, 1 of them spoken");
    expect(printed).toContain("fr: 1 captions, 1 of them spoken");
    expect(printed).toContain("GNU General Public License, version 2 or later");
    expect(written().slice(0, 2)).toEqual(ENGLISH);
    expect(written()[2].segments).toEqual([
      { text: "Un canard." },
      { image: "stamps/birds/duck.png" },
      { audio: "stamps/birds/duck_desc_fr.wav" },
    ]);
    expect(readFileSync(join(out, "stamps/birds/duck.png"))).toEqual(Buffer.from(PNG));
    expect(readFileSync(join(out, "copyright"), "utf8")).toBe("GPL-2");
    expect(wavSeconds(join(out, "stamps/birds/duck_desc_en.wav"))).toBe(0.25);
    expect(wavSeconds(join(out, "stamps/birds/duck_desc_fr.wav"))).toBe(0.5);
  });

  test("`all` takes every language that has a caption", async () => {
    await run(pack("data.tar", await tarOf()), "all");
    expect(written().map(({ id }) => id)).toEqual([
      "birds/duck.ca@valencia",
      "apple.en",
      "birds/duck.en",
      "birds/duck.fr",
    ]);
  });

  test("all documents of a picture are on the same side of the split", async () => {
    const deb = pack("data.tar", await tarOf());
    const printed = await run(deb, "en,fr", 30);
    expect(printed).toContain("tuxpaint.jsonl: 2 documents of 1 pictures");
    expect(printed).toContain("held-out.jsonl: 1 documents of 1 pictures");
    expect(written("held-out.jsonl").map(({ id }) => id)).toEqual(["apple.en"]);
    expect(written().map(({ id }) => id)).toEqual(["birds/duck.en", "birds/duck.fr"]);
    await expect(run(deb, "en", 100)).rejects.toThrow("--held-out is 100");
  });

  test.skipIf(spawnSync("xz", ["--version"]).error !== undefined)(
    "unpacks data.tar.xz; a damaged one is an error",
    async () => {
      const { stdout } = spawnSync("xz", ["--stdout"], { input: await tarOf() });
      await run(pack("data.tar.xz", stdout));
      expect(written()).toEqual(ENGLISH);
      for (const bytes of [stdout.subarray(0, stdout.length - 40), stdout.fill(0, 200, 220)])
        await expect(run(pack("data.tar.xz", bytes))).rejects.toThrow("not an intact Debian package");
    },
  );

  test("a URL is downloaded once", async () => {
    const { from, sha256 } = pack("data.tar", await tarOf());
    let served = 0;
    const server = createServer((request, response) => {
      served++;
      if (request.url !== "/stamps.deb") response.writeHead(404);
      response.end(readFileSync(from));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const { port } = server.address() as { port: number };
      const url = (name: string) => ({ from: `http://127.0.0.1:${port}/${name}`, sha256 });
      await run(url("stamps.deb"));
      await run(url("stamps.deb"));
      expect(served).toBe(1);
      expect(written()).toEqual(ENGLISH);
      await expect(run(url("none.deb"))).rejects.toThrow("the server answers 404");
    } finally {
      server.close();
    }
  });

  test("another file, a damaged package and an unknown language are errors", async () => {
    const good = pack("data.tar", await tarOf());
    const short = readFileSync(good.from).subarray(0, 900);
    await expect(run({ ...good, sha256: "0".repeat(64) })).rejects.toThrow(`is ${good.sha256}, not 0000`);
    await expect(run(good, "en,xx")).rejects.toThrow('--languages has "xx", in which no stamp has a caption');
    await expect(run({ ...good, from: join(folder, "none.deb") })).rejects.toThrow("cannot read the file");
    await expect(run(write("text.deb", ascii("no archive")))).rejects.toThrow("it is no ar archive");
    await expect(run(pack("other.tar", ascii("")))).rejects.toThrow("it has no data.tar");
    await expect(run(write("short.deb", short))).rejects.toThrow("it is truncated or damaged");
    const broken = { ...FILES, [`${STAMPS}birds/duck_desc.ogg`]: TONE.subarray(0, 40) };
    await expect(run(pack("data.tar", await tarOf(broken)))).rejects.toThrow("not intact Ogg Vorbis");
  });

  test("a caption file has English first, and a line per other language", () => {
    expect([...captionsOf(DUCK)]).toEqual([
      ["en", "A duck."],
      ["fr", "Un canard."],
      ["ca@valencia", "Un ànec."],
    ]);
    expect([...captionsOf("\r\npt_BR.utf8=Um pato.\r\n")]).toEqual([["pt_BR", "Um pato."]]);
  });
});
