// The page of `mom data look --html`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../src/api/host.js";
import type { LookedAt } from "../../src/api/look.js";
import { lookHtml } from "../../src/api/look-html.js";
import { nodeHost } from "../../src/api/node/host.js";
import { checkText } from "../../src/api/read-spec.js";
import { readAudio } from "../../src/data/audio/read-audio.js";
import { fitUnits, unitsOf } from "../../src/data/audio/units.js";
import { voiceOf } from "../../src/data/audio/voice.js";
import { wavBytes } from "../../src/data/audio/write-wav.js";
import { isOfSpeech, readCodebook, writeCodebook } from "../../src/data/codebook.js";
import { oneSource, openDataSet } from "../../src/data/data-set.js";
import { firstBatch } from "../../src/data/first-batch.js";
import { openTraining } from "../../src/data/order.js";
import { reachOf } from "../../src/data/reach.js";
import { writeShard } from "../../src/data/shard.js";
import { openStreams } from "../../src/data/streams.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { layOut } from "../../src/front/vocabulary.js";
import { SPEECH_FRAMES } from "../../src/modalities/codebook.fields.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import type { PageDocument } from "../../src/report/look/document.js";
import { fitted } from "../../src/report/look/fitted.js";
import { type LookPage, lookPage } from "../../src/report/look/page.js";
import { textTokens } from "../../src/report/look/tokens.js";
import { sine, wavOf } from "../data/audio/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "mom-look-html-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name);

const speech = fitUnits([sine(311.7, 0.5), sine(2_003.3, 0.5)], { entries: 8, seed: 1 });
const codebookBytes = writeCodebook({ of: "speech" }, speech.entries, SPEECH_FRAMES.bands);
const HOSTILE = '<script>alert("x")</script> & <img src=x onerror=alert(1)>';

const spec = (fit: string) => `model {
  modality text: bytes
  modality image: patches(size: 16x16, patch: 4x4${fit})
  modality speech: codes(codebook: "units.safetensors")
  d_model: 8
  block mixer: mamba
  layers: mixer
}
objective { text: cross_entropy, image: ddpm }
data { source: files("a.jsonl"), length: 200, held_out: 0 }
train { steps: 1, batch: 2 }
`;

beforeAll(async () => {
  writeFileSync(file("units.safetensors"), codebookBytes);
  writeFileSync(file("tone.wav"), wavOf([sine(311.7, 0.3)]));
  const wide = sharp({ create: { width: 40, height: 20, channels: 3, background: "#0000ff" } });
  writeFileSync(file("wide.png"), await wide.png().toBuffer());
  const documents = [
    {
      id: HOSTILE,
      segments: [{ text: HOSTILE, loss: false }, { image: "wide.png" }, { audio: "tone.wav" }, { text: "ä\n" }],
    },
    { segments: [{ text: "gone" }, { image: "gone.png" }] },
    { segments: [{ text: "second" }] },
  ];
  writeFileSync(file("a.jsonl"), documents.map((one) => JSON.stringify(one)).join("\n"));
});

function lookedAt(text: string): [Host, LookedAt] {
  const { spec: checked, diagnostics } = checkText(nodeHost.disk, text, file("a.mom"), {});
  if (checked === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const cached = { ...nodeHost, cacheFolder: () => file("cache") };
  return [cached, { spec: checked, folder, reach: reachOf(nodeHost.disk, file("a.mom")) }];
}

const pageOf = async (fit = "", documents = 5): Promise<string> =>
  (await lookHtml(...lookedAt(spec(fit)), { documents, skipBad: true, notice: () => {} }, "a")).html;

describe("the page of a data set", () => {
  let html: string;
  beforeAll(async () => {
    html = await pageOf();
  });

  it("escapes everything that data contain, and loads nothing", () => {
    expect(html).not.toMatch(/<script|<img src=x/);
    expect(html).toContain("&lt;script&gt;");
    expect(html).toMatch(/default-src 'none'; img-src data:; style-src 'unsafe-inline'; media-src data:/);
    expect([...html.matchAll(/ (?:src|href)="(?!data:)/g)]).toEqual([]);
    expect(html).not.toMatch(/url\(|@import/);
  });

  it("shows where documents are from, their sets and other keys", () => {
    expect(html).toContain("<dt>from</dt><dd>a.jsonl:1</dd>");
    // Document 1 of the data set is the third line: the second is skipped.
    expect(html).toContain("<dt>from</dt><dd>a.jsonl:3</dd>");
    expect(html).toContain("<dt>set</dt><dd>training</dd>");
    expect(html).toMatch(/<dt>&quot;id&quot;<\/dt><dd>&lt;script/);
  });

  it("lists what was skipped and why", () => {
    expect(html).toMatch(/1 document is skipped[\s\S]*a\.jsonl:2[^<]*gone\.png/);
  });

  it("shows bytes of one character together, markers, and what has no loss", () => {
    expect(html).toContain('title="bytes 0xC3 0xA4, ids 195 164">ä</span>');
    expect(html).toContain("&lt;image&gt;");
    expect(html).toContain("&lt;end&gt;");
    expect(html).toContain("not in the loss");
    expect(html).toContain("no objective");
  });

  it("shows a picture, its original's size and how it was fitted", async () => {
    expect(html).toContain("the original wide.png: 20 × 40");
    expect(html).toContain("with a background at the top and bottom: the picture has 8 × 16 of 16 × 16 pixels");
    expect(html).toContain("--columns:4;--rows:4");
    expect(await pageOf(", fit: crop")).toContain(
      "fit: crop: 50.0 % of the original is cut off, at the left and right",
    );
    expect(await pageOf(", fit: stretch")).toContain("fit: stretch: 2.00 times narrower");
  });

  it("shows units as sound, beside the recording", () => {
    const sounds = [...html.matchAll(/src="data:audio\/wav;base64,([^"]*)"/g)].map(([, data]) =>
      readAudio(new Uint8Array(Buffer.from(data as string, "base64")), "a"),
    );
    expect(sounds.length).toBe(2);
    expect(sounds[1]?.length).toBe(4800);
  });

  it("shows the first batch: its documents and its padding", () => {
    expect(html).toMatch(/The first batch of training: 2 sequences of 200 positions, of which \d+\.\d % are padding/);
    const bars = html.slice(html.indexOf('id="packing"'));
    expect(bars).toMatch(/1: second, positions \d+ to \d+/);
  });

  it("shows positions of a modality without an objective as pale", () => {
    const bars = html.slice(html.indexOf('id="packing"'));
    expect(bars).toMatch(/style="fill:var\(--m3\)" opacity/);
    expect(bars).not.toMatch(/style="fill:var\(--m2\)" opacity/);
  });

  it("refuses more documents than a page can hold", async () => {
    await expect(pageOf("", 201)).rejects.toThrow(InputError);
  });
});

it("a page has at most the given bytes: documents that do not fit are left out, and counted", () => {
  const document = (number: number): PageDocument => ({
    ...{ number, label: "a", place: undefined, source: "a", set: "training", positions: 1, piece: undefined },
    ...{ eitherOrder: false, extra: { long: "x".repeat(300) }, endOutside: undefined },
    segments: [],
    end: { text: "<end>", about: "" },
  });
  const page: LookPage = {
    ...{ title: "a", facts: [], modalities: [], sources: [], skipped: [], licences: [] },
    documents: [0, 1, 2, 3].map(document),
    packed: { how: "", length: 1, rows: [], sequences: 1, padding: 0, modalities: [] },
  };
  const all = lookPage(page);
  expect(all).not.toContain("left out");
  const most = new TextEncoder().encode(all).length - 600;
  const some = lookPage(page, most);
  expect(some).toMatch(/2 of 4 documents are left out/);
  expect(new TextEncoder().encode(some).length).toBeLessThanOrEqual(most);
});

it("texts that follow each other are one segment, unless only one has a loss; a cut document has its original length", async () => {
  const texts = [{ text: "ab", loss: false }, { text: "cd", loss: false }, { text: "ef" }, { text: "x".repeat(90) }];
  writeFileSync(file("long.jsonl"), JSON.stringify({ segments: texts }));
  const long = spec("").replace('files("a.jsonl"), length: 200', 'files("long.jsonl", long: cut), length: 50');
  const { html } = await lookHtml(...lookedAt(long), { documents: 1, skipBad: false, notice: () => {} }, "a");
  expect([...html.matchAll(/<span class="unit">(\d+ bytes)/g)].map(([, size]) => size)).toEqual([
    "4 bytes",
    "45 bytes",
  ]);
  expect(html).toContain("<dt>too long</dt><dd>the first 50 of 97 positions</dd>");
});

it("an odd pixel of padding is at the right, where the decoder puts it", () => {
  const { filled } = fitted({ width: 16, height: 24 }, { width: 16, height: 16 }, "pad");
  expect(filled).toEqual({ left: 2 / 16, right: 3 / 16, top: 0, bottom: 0 });
});

describe("the first batch", () => {
  const modalities: readonly Modality[] = [{ kind: "bytes", name: "text" }];
  const parts = { modalities, vocabulary: layOut(modalities) };
  const documents = ["aaaa", "bb", "cccccc"].map((text, i) => ({
    ...{ label: text, hash: i, eitherOrder: false },
    segments: [{ modality: 0, ids: new TextEncoder().encode(text) }],
  }));
  const dataSet = openDataSet(oneSource([{ name: "a", bytes: writeShard(documents, parts.modalities) }]), parts, 0);

  it.each([false, true])("names the documents at their positions (carry: %s)", (carry) => {
    const shape = { length: 8, batch: 2, seed: 3 };
    const batch = (carry ? openStreams : openTraining)(dataSet, shape).next();
    const { rows, padding } = firstBatch(dataSet, shape, carry);
    expect(padding).toBe(batch.document.filter((one) => one < 0).length);
    rows.forEach((row, index) => {
      expect(row.documents.length).toBeGreaterThan(0);
      for (const { label, begin, end } of row.documents) {
        const ids = [...batch.tokens.subarray(8 * index + begin, 8 * index + end)].filter((id) => id < 256);
        expect(label.startsWith(String.fromCharCode(...ids))).toBe(true);
        expect(ids.length).toBeGreaterThan(0);
      }
    });
  });
});

describe("tokens", () => {
  it("bytes that are no character have boxes of their own", () => {
    const ids = [0x61, 0xff, 0xe2, 0x82, 0xac, 0xc3];
    expect(textTokens(ids, undefined).map(({ text }) => text)).toEqual(["a", "\\xFF", "€", "\\xC3"]);
  });

  it("tokens that are parts of a character share a box", () => {
    const bytes = [...new TextEncoder().encode("a€b")];
    const decode = (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids));
    const boxes = textTokens(bytes, { decode, tokenOf: (id) => `t${id}` });
    expect(boxes.map(({ text }) => text)).toEqual(["a", "€", "b"]);
    expect(boxes[1]?.about).toBe("tokens t226 t130 t172, ids 226 130 172");
  });
});

it("a unit's voice has the pitch of the sounds that it encodes", () => {
  const codebook = readCodebook(codebookBytes, "a");
  if (!isOfSpeech(codebook)) throw new Error("not of speech");
  const [middle] = unitsOf(sine(2_003.3, 0.5).slice(3_200, 4_800), codebook);
  const voice = readAudio(
    wavBytes({ rate: 16_000, channels: [voiceOf(new Array<number>(10).fill(middle as number), codebook)] }),
    "a",
  );
  expect(voice.length).toBe(6_400);
  let crossings = 0;
  for (let i = 1; i < voice.length; i++) if ((voice[i] as number) > 0 !== (voice[i - 1] as number) > 0) crossings++;
  expect(crossings / 2 / 0.4 / 2_003.3).toBeGreaterThan(0.85);
  expect(crossings / 2 / 0.4 / 2_003.3).toBeLessThan(1.15);
});
