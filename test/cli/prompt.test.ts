// The prompt of `mom sample`: recordings become units and come before pictures and texts.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { promptOf } from "../../src/api/prompt.js";
import { fitUnits, unitsOf } from "../../src/data/audio/units.js";
import { speechCodebook, writeCodebook } from "../../src/data/codebook.js";
import { openCodecs } from "../../src/data/codecs.js";
import { reachOf } from "../../src/data/reach.js";
import { layOut } from "../../src/front/vocabulary.js";
import { SPEECH_FRAMES } from "../../src/modalities/codebook.fields.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import { sine, wavOf } from "../data/audio/wav-bytes.js";

const folder = mkdtempSync(join(tmpdir(), "mom-prompt-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const modalities: readonly Modality[] = [
  { kind: "bytes", name: "text" },
  { kind: "codes", name: "speech", vocab: 6, codebook: "units.safetensors" },
];
const parts = { modalities, vocabulary: layOut(modalities) };
const sound = Float32Array.of(...sine(311.7, 0.4), ...sine(2_003.3, 0.4));
const recording = join(folder, "a.wav");

beforeAll(() => {
  const { entries } = fitUnits([sound], { entries: 6, seed: 1 });
  writeFileSync(join(folder, "units.safetensors"), writeCodebook({ of: "speech" }, entries, SPEECH_FRAMES.bands));
  writeFileSync(recording, wavOf([sound]));
});

const reach = () => reachOf(nodeDisk, join(folder, "_"));

it("a recording becomes units of the vocabulary, before the text", async () => {
  const codecs = openCodecs(parts, folder, reach());
  const codebook = speechCodebook(codecs, 1);
  if (codebook === undefined) throw new Error("no codebook of speech");
  const [first, text, ...others] = await promptOf({ prompt: "a", audio: recording }, parts, codecs, nodeHost);
  const units = [...unitsOf(sound, codebook)];
  expect(new Set(units).size).toBeGreaterThan(2);
  const ids = units.map((unit) => unit + (parts.vocabulary.first[1] as number));
  expect(first).toEqual({ kind: "ids", modality: 1, ids });
  expect(text).toEqual({ kind: "ids", modality: 0, ids: [97] });
  expect(others).toEqual([]);
});

it("--audio is an error without a speech modality, or if the file does not exist", async () => {
  const alone = { modalities: modalities.slice(0, 1), vocabulary: layOut(modalities.slice(0, 1)) };
  await expect(promptOf({ audio: recording }, alone, openCodecs(alone, folder, reach()), nodeHost)).rejects.toThrow(
    "The model has no modality for --audio: it needs codes with a codebook of speech.",
  );
  const missing = join(folder, "none.wav");
  await expect(promptOf({ audio: missing }, parts, openCodecs(parts, folder, reach()), nodeHost)).rejects.toThrow(
    "cannot read the file",
  );
});
