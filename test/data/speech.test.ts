// From recordings to a batch: preparation gives the same units from recordings and from a file, and reports errors.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { fitUnits, listen, ofSpeech, unitsOf } from "../../src/data/audio/units.js";
import { readCodebook, writeCodebook } from "../../src/data/codebook.js";
import { openTraining } from "../../src/data/order.js";
import { prepare } from "../../src/data/prepare.js";
import { reachOf } from "../../src/data/reach.js";
import { layOut } from "../../src/front/vocabulary.js";
import { SPEECH_FRAMES } from "../../src/modalities/codebook.fields.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import { filesAt } from "../support/source.js";
import { sine, wavOf } from "./audio/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "mom-speech-"));
const data = join(folder, "data");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const modalities: readonly Modality[] = [
  { kind: "bytes", name: "text" },
  { kind: "codes", name: "speech", vocab: 8, codebook: "units.safetensors" },
];
const parts = { modalities, vocabulary: layOut(modalities) };
const low = sine(311.7, 0.5);
const high = sine(2_003.3, 0.5, 8_000);
const codebook = () => ofSpeech(readCodebook(readFileSync(join(folder, "units.safetensors")), "units"), "units");

beforeAll(() => {
  mkdirSync(data);
  writeFileSync(join(data, "low.wav"), wavOf([low]));
  writeFileSync(join(data, "high.wav"), wavOf([high, high], 8_000));
  writeFileSync(join(data, "cut.wav"), wavOf([low]).subarray(0, 1_000));
  const { entries } = fitUnits([low, sine(2_003.3, 0.5)], { entries: 8, seed: 1 });
  writeFileSync(join(folder, "units.safetensors"), writeCodebook({ of: "speech" }, entries, SPEECH_FRAMES.bands));
});

const LINES = [
  '{"segments":[{"text":"low"},{"audio":"low.wav"}],"either_order":true}',
  '{"segments":[{"modality":"speech","audio":"high.wav"},{"text":"high"}]}',
];
async function prepared(lines: readonly string[], length = 64) {
  writeFileSync(join(data, "speech.jsonl"), lines.join("\n"));
  const source = filesAt("data/speech.jsonl");
  return (
    await prepare({ source, length, held_out: 0 }, parts, { host: nodeHost, folder, cache: join(folder, "cache") })
  ).dataSet;
}

describe("recordings", () => {
  it("become units of the speech modality, in its range of the vocabulary", async () => {
    const dataSet = await prepared(LINES);
    const first = parts.vocabulary.first[1] as number;
    const units = unitsOf(low, codebook());
    expect(units.length).toBeGreaterThan(1);
    expect(dataSet.documents.map(({ label, eitherOrder }) => [label, eitherOrder])).toEqual([
      ["low", true],
      ["high", false],
    ]);
    const stored = dataSet.documents[0]?.segments[1];
    expect(stored?.kind === "ids" && [...stored.ids]).toEqual([...units].map((unit) => first + unit));
    expect(dataSet.documents[1]?.segments.map(({ modality }) => modality)).toEqual([1, 0]);
  });

  it("are in a batch between their markers, and each position has its modality", async () => {
    const dataSet = await prepared(LINES.slice(1));
    const { tokens, modality } = openTraining(dataSet, { length: 64, batch: 1, seed: 1 }).next();
    const span = parts.vocabulary.spans[1];
    const units = dataSet.documents[0]?.segments[0];
    if (units?.kind !== "ids") throw new Error("no units");
    expect([...tokens.subarray(0, units.ids.length + 2)]).toEqual([span?.begin, ...units.ids, span?.end]);
    expect([...modality.subarray(0, units.ids.length + 2)]).toEqual([0, ...units.ids.map(() => 1), 0]);
  });

  it("give the same data as their units written in the file", async () => {
    const heard = [
      ...listen(
        [new TextEncoder().encode(LINES.join("\n"))],
        "speech.jsonl",
        data,
        codebook(),
        reachOf(nodeDisk, join(data, "_")),
      ),
    ];
    expect(heard.map(({ line }) => line).join("\n")).toContain('{"codes":[');
    expect(heard.flatMap(({ recordings }) => recordings.map(({ seconds }) => seconds))).toEqual([0.5, 0.5]);
    const [spoken, written] = [await prepared(LINES), await prepared(heard.map(({ line }) => line))];
    const contents = (documents: typeof spoken.documents) =>
      documents.map(({ segments, eitherOrder }) => ({ segments, eitherOrder }));
    expect(contents(written.documents)).toEqual(contents(spoken.documents));
  });

  it("are read again when they change", async () => {
    const before = await prepared(LINES);
    writeFileSync(join(data, "low.wav"), wavOf([sine(2_003.3, 0.5)]));
    const after = await prepared(LINES);
    writeFileSync(join(data, "low.wav"), wavOf([low]));
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect((await prepared(LINES)).fingerprint).toBe(before.fingerprint);
  });
});

describe("a document is refused for", () => {
  const cases: readonly [string, string, string][] = [
    ["a truncated recording", '{"segments":[{"audio":"cut.wav"}]}', ":1: cut.wav: the header gives 16044 bytes"],
    ["a missing recording", '{"segments":[{"audio":"no.wav"}]}', ':1: there is no recording "no.wav"'],
    [
      "a recording outside the project",
      '{"segments":[{"audio":"../units.safetensors"}]}',
      "is outside the project's folder and the data file's",
    ],
    [
      "a file that is not a recording",
      '{"segments":[{"audio":"speech.jsonl"}]}',
      ":1: speech.jsonl: the file is neither WAV nor FLAC",
    ],
    ["a number as the recording", '{"segments":[{"audio":1}]}', ':1: "audio" is not a string'],
    ["a recording for another modality", '{"segments":[{"audio":"low.wav","modality":"text"}]}', 'speech named "text"'],
    ["an invalid either_order", '{"segments":[{"text":"a"}],"either_order":1}', '"either_order" is not true or false'],
  ];
  it.each(cases)("%s", async (_, line, message) => {
    await expect(prepared([line])).rejects.toThrow(message);
  });

  it("more units than fit in a sequence", async () => {
    const long = LINES[0] as string;
    const needed = 3 + 2 + 1 + unitsOf(low, codebook()).length;
    await expect(prepared([long], needed - 1)).rejects.toThrow(
      `data/speech.jsonl:1: the document takes ${needed} positions, but data.length is ${needed - 1}`,
    );
    expect((await prepared([long], needed)).documents.length).toBe(1);
  });
});
