// Emoji of several vendors: captions, languages, keywords, the split into pairs, and packages that are fetched. No network.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { packTar } from "modern-tar";
import { afterAll, describe, expect, it } from "vitest";
import { schema } from "../../grammar/schema.gen.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { openCodecs } from "../../src/data/codecs.js";
import type { DataHost } from "../../src/data/host.js";
import { archiveName, type NpmPackage, packageArchive } from "../../src/data/package-archive.js";
import { reachOf } from "../../src/data/reach.js";
import { openEmoji } from "../../src/data/sources/emoji.js";
import { allSets, EMOJI_SETS, type EmojiSetName, inSetOrder } from "../../src/data/sources/emoji-sets.js";
import { checkSource, type EmojiFields } from "../../src/data/sources/source.fields.js";
import type { SourceDocument } from "../../src/data/sources/source.js";
import { textOf } from "../../src/modalities/text.js";
import { bareEmoji } from "../support/source.js";
import { textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-emoji-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const parts = textAndImages();
const codecs = openCodecs(parts, folder, reachOf(nodeDisk, join(folder, "_")));

async function archiveOf(files: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  const entries = Object.entries(files).map(([path, value]) => {
    const body = JSON.stringify(value);
    return { header: { name: `package/${path}`, size: Buffer.byteLength(body) }, body };
  });
  return gzipSync(await packTar(entries));
}

const body = (set: string) => `<path d="M0 0h8v8z" id="${set}"/>`;
const icon = { "red-heart": {}, "grinning-face": {} };
const iconsOf = (set: string, names: Readonly<Record<string, object>>, aliases = {}) => ({
  icons: Object.fromEntries(Object.entries(names).map(([name, frame]) => [name, { body: body(set), ...frame }])),
  aliases,
  width: 32,
  height: 32,
});
const cldr = (part: string, language: string, tts: string, keywords: readonly string[]) => ({
  [`${part}/${language}/annotations.json`]: { [part]: { annotations: { "❤": { tts: [tts], default: keywords } } } },
});
const ARCHIVES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "@iconify-json/noto": {
    "icons.json": iconsOf("noto", { ...icon, crab: { width: 64 } }, { heart: { parent: "red-heart" } }),
    "chars.json": { "2764": "heart", "1f600": "grinning-face", "1f980": "crab" },
  },
  "@iconify-json/emojione": {
    "icons.json": iconsOf(
      "emojione",
      { ...icon, "flag-for-france": {} },
      { crab: { parent: "red-heart", hFlip: true } },
    ),
    "chars.json": {},
  },
  "cldr-annotations-full": {
    ...cldr("annotations", "en", "red heart", ["emotion", "heart", "love", "red heart"]),
    ...cldr("annotations", "de", "rotes Herz", ["Herz", "Liebe", "rotes Herz"]),
  },
  "cldr-annotations-derived-full": cldr("annotationsDerived", "de", "–", []),
};

const fetched: string[] = [];
const hostWith = (archives: typeof ARCHIVES): DataHost => ({
  ...nodeHost,
  packageArchive: async ({ name }, fetching) => {
    if (!fetched.includes(name)) fetching();
    fetched.push(name);
    return archiveOf(archives[name] ?? {});
  },
});

async function documentsOf(
  fields: Partial<EmojiFields>,
  notice?: (text: string) => void,
  host = hostWith(ARCHIVES),
): Promise<SourceDocument[]> {
  const opening = { host, parts, codecs, folder, reach: undefined, ...(notice && { notice }) };
  const documents: SourceDocument[] = [];
  for await (const document of openEmoji(opening, { ...bareEmoji, ...fields }).documents()) documents.push(document);
  return documents;
}
const labels = (documents: readonly SourceDocument[]) => documents.map(({ label }) => label);
/** The name and the vendor of a caption. */
const pairOf = ({ label }: SourceDocument) => label.split(/, (?=[^,]*$)/) as [name: string, vendor: string];
const isHeldOut = ({ hash }: SourceDocument, share: number) => (hash as number) / 2 ** 32 < share;

describe("several sets", () => {
  it("have a document for each drawing, in Unicode's order, with the vendor in its caption", async () => {
    const notices: string[] = [];
    const found = await documentsOf({ sets: ["noto", "emojione"] }, (text) => notices.push(text));
    expect(labels(found)).toEqual([
      "grinning face, Noto",
      "grinning face, EmojiOne",
      "red heart, Noto",
      "red heart, EmojiOne",
      "crab, Noto",
      "flag France, EmojiOne",
    ]);
    const [first] = found;
    const [text, image] = first?.segments ?? [];
    expect(text !== undefined && "ids" in text && textOf(Array.from(text.ids), parts)).toBe("grinning face, Noto");
    const bytes = image !== undefined && "image" in image && "bytes" in image.image ? image.image.bytes : undefined;
    expect(new TextDecoder().decode(bytes)).toBe(
      `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 32 32" width="256" height="256">${body("noto")}</svg>`,
    );
    expect(first?.eitherOrder).toBe(true);
    expect(notices).toEqual([
      expect.stringContaining("Noto (Google): Apache-2.0"),
      expect.stringContaining("EmojiOne (EmojiOne): CC-BY-4.0"),
    ]);
  });

  it("hold out pairs whose name was seen as drawn by another vendor, whatever the vendors draw, at every share", async () => {
    const named = (await documentsOf({})).slice(0, 30).map(({ label }) => label);
    const fetchable = allSets().filter((set) => EMOJI_SETS[set].archive !== undefined);
    const drawn = fc.dictionary(fc.constantFrom(...fetchable), fc.subarray(named, { minLength: 1 }), { minKeys: 2 });
    let [heldOut, pairs] = [0, 0];
    await fc.assert(
      fc.asyncProperty(drawn, fc.integer({ min: 1, max: 99 }), async (names, percent) => {
        const share = percent / 100;
        const sets = inSetOrder(Object.keys(names) as EmojiSetName[]);
        const archives = sets.map((set) => {
          const icons = Object.fromEntries((names[set] ?? []).map((name) => [name.replaceAll(" ", "-"), {}]));
          return [EMOJI_SETS[set].archive?.name, { "icons.json": iconsOf(set, icons), "chars.json": {} }];
        });
        const found = await documentsOf({ sets }, undefined, hostWith(Object.fromEntries(archives)));
        expect(found.length).toBe(Object.values(names).flat().length);
        const training = found.filter((one) => !isHeldOut(one, share)).map(pairOf);
        for (const [name, vendor] of found.filter((one) => isHeldOut(one, share)).map(pairOf))
          expect(training.some(([other, by]) => other === name && by !== vendor)).toBe(true);
        heldOut += found.length - training.length;
        pairs += found.length;
      }),
      { numRuns: 25 },
    );
    expect(heldOut).toBeGreaterThan(pairs / 10);
  });

  it("hold out no name that only one vendor draws", async () => {
    const found = await documentsOf({ sets: ["fluent_3d", "noto", "emojione"] });
    const nameOf = (one: SourceDocument) => pairOf(one)[0];
    const times = new Map<string, number>();
    for (const name of found.map(nameOf)) times.set(name, (times.get(name) ?? 0) + 1);
    const alone = found.filter((one) => times.get(nameOf(one)) === 1);
    expect(alone.length).toBeGreaterThan(1800);
    expect(alone.some((one) => isHeldOut(one, 0.9))).toBe(false);
    expect(found.some((one) => isHeldOut(one, 0.9))).toBe(true);
  });

  it("have documents in each language, whose pairs are on the same side, and keywords", async () => {
    const languages = ["en", "de-AT"];
    const found = await documentsOf({ sets: ["noto", "emojione"], languages, keywords: 2 });
    const hearts = found.filter(({ label }) => /heart|Herz/.test(label));
    expect(labels(hearts)).toEqual([
      "red heart (emotion, heart), Noto",
      "rotes Herz (Herz, Liebe), Noto",
      "red heart (emotion, heart), EmojiOne",
      "rotes Herz (Herz, Liebe), EmojiOne",
    ]);
    expect(hearts[0]?.hash).toBe(hearts[1]?.hash);
    await expect(documentsOf({ languages: ["dee"] })).rejects.toThrow('no names in the language "dee"');
  });
});

describe("a single set", () => {
  it("has names without the vendor, and fetches nothing if it is the one that is installed", async () => {
    expect(labels(await documentsOf({ sets: ["noto"] }))).toEqual(["grinning face", "red heart", "crab"]);
    const before = fetched.length;
    const bare = await documentsOf({});
    expect(fetched.length).toBe(before);
    expect(bare.length).toBeGreaterThan(1800);
    expect(labels(bare).slice(0, 2)).toEqual(["grinning face", "grinning face with big eyes"]);
    // As it always was: old runs continue with the same documents and the same split.
    expect(bare[0]).toMatchObject({ place: 'emoji "grinning face"', hash: bare[0]?.hash });
    expect(createHash("sha256").update("grinning face").digest().readUInt32BE(0)).toBe(bare[0]?.hash);
  });
});

describe("the sets", () => {
  const context = { modalities: undefined, at: () => ({}) as never, keyAt: () => ({}) as never, report: () => {} };
  it("are those of the schema; `all` leaves out the share-alike ones", () => {
    const text = JSON.stringify(schema);
    expect(text).toContain(JSON.stringify(Object.keys(EMOJI_SETS)));
    expect(Object.keys(EMOJI_SETS).filter((name) => !allSets().includes(name as EmojiSetName))).toEqual(["openmoji"]);
  });

  it("have one order, however they are written", () => {
    expect(checkSource({ kind: "emoji" }, context)).toEqual(bareEmoji);
    expect(checkSource({ kind: "emoji", sets: ["noto", "fluent_3d", "noto"], languages: ["pt_PT"] }, context)).toEqual({
      ...bareEmoji,
      sets: ["fluent_3d", "noto"],
      languages: ["pt-PT"],
    });
  });
});

describe("a package that is fetched", () => {
  const bytes = new TextEncoder().encode("an archive");
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const wanted: NpmPackage = { name: "@a/b", version: "1.0.0", sha256 };
  const file = join(folder, "packages", archiveName(wanted));
  const from = (result: Uint8Array | { readonly failed: string }) => {
    let fetches = 0;
    const archives = { disk: nodeDisk, cache: folder, fetch: async () => result };
    return packageArchive(wanted, archives, () => fetches++).then((got) => ({ got, fetches }));
  };

  it("needs npm the first time only, or when the cached file is damaged", async () => {
    await expect(from({ failed: "npm: no network" })).rejects.toMatchObject({
      message: "the package @a/b 1.0.0 cannot be fetched (npm: no network)",
      remedy: expect.stringContaining("npm pack @a/b@1.0.0"),
    });
    await expect(from(new Uint8Array(3))).rejects.toThrow("another checksum than expected");
    expect(await from(bytes)).toEqual({ got: bytes, fetches: 1 });
    expect((await from({ failed: "no" })).fetches).toBe(0);
    writeFileSync(file, "damaged");
    expect((await from(bytes)).fetches).toBe(1);
    expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
  });
});

describe("names", () => {
  it("select emoji by patterns of their English names, with the same documents otherwise", async () => {
    const all = await documentsOf({});
    const found = await documentsOf({ names: ["{red,Green} Heart", "* circle", "t*t*e", "lemon"] });
    expect(labels(found)).toEqual(expect.arrayContaining(["red heart", "green heart", "blue circle", "lemon"]));
    const wanted = /^((red|green) heart|.* circle|t.*t.*e|lemon)$/;
    expect(found).toEqual(all.filter(({ label }) => wanted.test(label)));
    expect(labels(await documentsOf({ sets: ["noto", "emojione"], languages: ["de"], names: ["red *"] }))).toEqual([
      "rotes Herz, Noto",
      "rotes Herz, EmojiOne",
    ]);
    await expect(documentsOf({ names: ["red heart", "purpel *"] })).rejects.toThrow("no emoji is named purpel *");
  });

  it("are matched in linear time", async () => {
    const begun = performance.now();
    await expect(documentsOf({ names: [`${"*e".repeat(100)}*#`] })).rejects.toThrow("no emoji is named");
    expect(performance.now() - begun).toBeLessThan(5000);
  });
});
