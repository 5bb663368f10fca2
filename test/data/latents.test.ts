// Latents from .npy and safetensors files are stored in shards as F32, and refused if they do not fit the model.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDataSet } from "../../src/api/compiled-folder.js";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { oneSource } from "../../src/data/data-set.js";
import { documentBatch } from "../../src/data/fixed-batches.js";
import { writeNpy } from "../../src/data/npy.js";
import { filled } from "../../src/data/packing.js";
import { prepare } from "../../src/data/prepare.js";
import { writeSafetensors } from "../../src/data/safetensors.js";
import { layOut } from "../../src/front/vocabulary.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import type { PatchesModality } from "../../src/modalities/patches.fields.js";
import { firstChannels, latentOf, patchesOfLatent } from "../../src/modalities/pixels.js";
import type { ModelParts } from "../../src/modalities/text.js";
import { filesAt } from "../support/source.js";

const folder = mkdtempSync(join(tmpdir(), "mom-latents-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const image: PatchesModality = {
  kind: "patches",
  name: "image",
  height: 2,
  width: 4,
  patchHeight: 1,
  patchWidth: 2,
  channels: 5,
  values: "latents",
};
const partsOf = (...modalities: Modality[]): ModelParts => ({ modalities, vocabulary: layOut(modalities) });
const model = partsOf({ kind: "bytes", name: "text" }, image);

/** A value that encodes its position, far outside [−1, 1]. */
const value = (channel: number, row: number, column: number): number => 100 * channel + 10 * row + column + 0.25;
const latent = Float32Array.from({ length: 40 }, (_, i) => value(Math.floor(i / 8), Math.floor(i / 4) % 2, i % 4));
const negative = latent.map((x) => -x);

beforeAll(() => {
  const npy = (name: string, shape: number[], data: Float32Array) =>
    writeFileSync(join(folder, name), writeNpy({ type: "f4", shape, data }));
  npy("a.npy", [5, 2, 4], latent);
  npy("batch.npy", [1, 5, 2, 4], latent);
  npy("turned.npy", [2, 4, 5], latent);
  npy("broken.npy", [5, 2, 4], latent.with(7, Number.NaN));
  writeFileSync(
    join(folder, "double.npy"),
    writeNpy({ type: "f8", shape: [5, 2, 4], data: Float64Array.from(latent) }),
  );
  writeFileSync(
    join(folder, "all.safetensors"),
    writeSafetensors(
      new Map([
        ["a", { dtype: "F32", shape: [5, 2, 4], data: latent }],
        ["b", { dtype: "F32", shape: [5, 2, 4], data: negative }],
      ]),
    ),
  );
});

const line = (...segments: unknown[]): string => `${JSON.stringify({ segments })}\n`;
async function prepared(lines: string, parts: ModelParts = model) {
  writeFileSync(join(folder, "lines.jsonl"), lines);
  const source = filesAt("lines.jsonl");
  return await prepare({ source, length: 32, held_out: 0 }, parts, {
    host: nodeHost,
    folder,
    cache: join(folder, "cache"),
  });
}

/** Values of all patches, each flattened by row, column and channel. */
const expected = (sign: number): number[] =>
  [0, 1].flatMap((row) =>
    [0, 2].flatMap((left) =>
      [left, left + 1].flatMap((column) => [0, 1, 2, 3, 4].map((channel) => sign * value(channel, row, column))),
    ),
  );

describe("latents", () => {
  it("become patches with unchanged values from every file format, without pixels", async () => {
    const lines =
      line({ text: "a" }, { latent: "a.npy" }) +
      line({ latent: "batch.npy" }) +
      line({ latent: "double.npy" }) +
      line({ latent: "all.safetensors", tensor: "b" }, { latent: "all.safetensors", tensor: "a" });
    const { files } = await prepared(lines);
    const dataSet = loadDataSet(nodeDisk, oneSource(files), model, 0);
    expect(dataSet.items).toBe(5);
    for (const [id, sign] of [1, 1, 1, -1, 1].entries()) {
      const { pixels, values } = dataSet.itemById(id);
      expect(await pixels()).toBeUndefined();
      expect([...(await values())], `latent ${id}`).toEqual(expected(sign));
    }
    const batch = await filled(dataSet, documentBatch(dataSet, [3], { length: 32 }));
    expect(batch.items.map(({ position, values }) => [position, values[0]])).toEqual([
      [1, -0.25],
      [7, 0.25],
    ]);
  });

  it("are restored from their patches", () => {
    const patches = Float32Array.from(expected(1));
    const held = latentOf(patches, image);
    expect(patchesOfLatent(held, image)).toEqual(patches);
    expect(firstChannels(held, image)).toEqual(latent);
  });

  it("are prepared again when a file changes", async () => {
    const { dataSet } = await prepared(line({ latent: "a.npy" }));
    writeFileSync(join(folder, "a.npy"), writeNpy({ type: "f4", shape: [5, 2, 4], data: negative }));
    const { dataSet: again } = await prepared(line({ latent: "a.npy" }));
    expect(again.fingerprint).not.toBe(dataSet.fingerprint);
    expect([...(await again.itemById(0).values())]).toEqual(expected(-1));
    writeFileSync(join(folder, "a.npy"), writeNpy({ type: "f4", shape: [5, 2, 4], data: latent }));
  });

  const { values: _latents, ...ofPixels } = image;
  const pixels = partsOf({ kind: "bytes", name: "text" }, ofPixels);
  it.each([
    [
      "with another order of axes",
      line({ latent: "turned.npy" }),
      /lines.jsonl:1: turned.npy: the latent has the shape \[2,4,5\], not \[5,2,4\]/,
      model,
    ],
    ["with NaN", line({ latent: "broken.npy" }), /contains NaN or infinity/, model],
    ["without the tensor's name", line({ latent: "all.safetensors" }), /has no "tensor"/, model],
    ["of a missing tensor", line({ latent: "all.safetensors", tensor: "c" }), /no tensor "c"/, model],
    ["in a .npy file with a tensor's name", line({ latent: "a.npy", tensor: "a" }), /has no "tensor"/, model],
    ["in a missing file", line({ latent: "none.npy" }), /there is no latent "none.npy"/, model],
    ["replaced by a picture", line({ image: "a.png" }), /"image" needs a modality of patches or of codes/, model],
    ["for a modality of pixels", line({ latent: "a.npy" }), /"latent" needs a modality of patches of latents/, pixels],
  ])("are refused %s", async (_, lines, message, parts) => {
    await expect(prepared(lines, parts)).rejects.toThrow(message);
  });
});
