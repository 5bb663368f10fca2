// `decode: live`: shards hold the files of pictures, and training decodes, crops and mirrors them.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import type { Packed } from "../../src/batch/batch.js";
import type { DataSet } from "../../src/data/data-set.js";
import { documentBatch } from "../../src/data/fixed-batches.js";
import { openTraining } from "../../src/data/order.js";
import { filled } from "../../src/data/packing.js";
import { prepare } from "../../src/data/prepare.js";
import type { PatchesModality } from "../../src/modalities/patches.fields.js";
import { pixelsOf } from "../../src/modalities/pixels.js";
import type { ModelParts } from "../../src/modalities/text.js";
import { filesAt } from "../support/source.js";
import { textAndImages } from "./parts.js";

const folder = mkdtempSync(join(tmpdir(), "mom-live-"));
const cache = join(folder, "cache");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A picture whose red rises to the right and whose green rises downwards. */
const slope = (width: number, height: number) =>
  sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      return [(255 * x) / (width - 1), (255 * y) / (height - 1), 0][i % 3] as number;
    }),
    { raw: { width, height, channels: 3 } },
  );

beforeAll(async () => {
  writeFileSync(join(folder, "wide.png"), await slope(64, 32).png().toBuffer());
  // Stored lying on its side: upright, it is 20 wide and 40 high.
  const turned = slope(40, 20).withMetadata({ orientation: 6 });
  writeFileSync(join(folder, "turned.jpg"), await turned.jpeg({ quality: 100 }).toBuffer());
  writeFileSync(join(folder, "cut.png"), readFileSync(join(folder, "wide.png")).subarray(0, 90));
});

function parts(more: Partial<PatchesModality>): ModelParts {
  const base = textAndImages();
  const [text, image] = base.modalities;
  return { ...base, modalities: [text, { ...(image as PatchesModality), ...more }] as ModelParts["modalities"] };
}

async function prepared(model: ModelParts, images = ["wide.png", "turned.jpg"]): Promise<DataSet> {
  const lines = images.map((image, i) => JSON.stringify({ segments: [{ text: `${i}` }, { image }] }));
  writeFileSync(join(folder, "pairs.jsonl"), lines.join("\n"));
  const data = { source: filesAt("pairs.jsonl"), length: 32, held_out: 0 };
  return (await prepare(data, model, { host: nodeHost, folder, cache })).dataSet;
}

const valuesOf = async (dataSet: DataSet, packed: Packed, seed?: number) =>
  (await filled(dataSet, packed, seed)).items.map(({ values }) => [...values]);

const both = (dataSet: DataSet) => documentBatch(dataSet, [0, 1], { length: 32 });

describe("pictures that are decoded live", () => {
  it("are those that are decoded ahead, and shards hold their files", async () => {
    for (const fit of [undefined, "crop", "stretch"] as const) {
      const more = fit === undefined ? {} : { fit };
      const [ahead, live] = [await prepared(parts(more)), await prepared(parts({ ...more, decode: "live" }))];
      expect(await valuesOf(live, both(live))).toEqual(await valuesOf(ahead, both(ahead)));
      expect(await valuesOf(live, both(live), 7)).toEqual(await valuesOf(ahead, both(ahead), 7));
    }
    const file = readFileSync(join(folder, "turned.jpg"));
    const shards = readdirSync(join(cache, "data")).map((name) => readFileSync(join(cache, "data", name)));
    // The shard of files is the same for every way to fit.
    expect(shards.filter((shard) => shard.includes(file))).toHaveLength(1);
    expect(shards).toHaveLength(4);
  });

  it("are mirrored with the probability of `flip`, in training only", async () => {
    const model = parts({ decode: "live", fit: "stretch", flip: 1 });
    const dataSet = await prepared(model);
    const image = model.modalities[1] as PatchesModality;
    const rows = (values: readonly number[]) => {
      const pixels = pixelsOf(Float32Array.from(values), image);
      return Array.from({ length: 8 }, (_, y) =>
        Array.from({ length: 8 }, (_, x) => pixels[(8 * y + x) * 3] as number),
      );
    };
    const [as, mirrored] = [await valuesOf(dataSet, both(dataSet)), await valuesOf(dataSet, both(dataSet), 1)];
    expect(rows(mirrored[0] as number[])).toEqual(rows(as[0] as number[]).map((row) => row.toReversed()));
    const half = await prepared(parts({ decode: "live", flip: 0.5 }));
    const order = openTraining(half, { length: 32, batch: 1, seed: 2 });
    const seen = new Map<number, Set<string>>();
    for (let step = 0; step < 24; step++) {
      const batch = order.next();
      const values = await valuesOf(half, batch, 2);
      batch.items.forEach(({ id }, i) => {
        seen.set(id, (seen.get(id) ?? new Set()).add(String(values[i])));
      });
    }
    expect([...seen.values()].map(({ size }) => size)).toEqual([2, 2]);
  });

  it("are cropped to rectangles of their shape, drawn in each epoch from seed, document and epoch alone", async () => {
    const dataSet = await prepared(parts({ decode: "live", crop: 0.5 }));
    const order = openTraining(dataSet, { length: 32, batch: 2, seed: 2 });
    const batches = [order.next(), order.next(), order.next()];
    const values = await Promise.all(batches.map((batch) => valuesOf(dataSet, batch, 2)));
    const all = values.flat();
    expect(new Set(all.map(String)).size).toBe(all.length);
    // Again, one after another and in another order.
    for (const [i, batch] of [...batches.entries()].reverse())
      expect(await valuesOf(dataSet, batch, 2)).toEqual(values[i]);
    expect(await valuesOf(dataSet, batches[0] as Packed, 3)).not.toEqual(values[0]);
    // The wide picture keeps its white bars at the top and the bottom: it is still twice as wide as it is high.
    const image = textAndImages().modalities[1] as PatchesModality;
    batches.forEach(({ items }, b) => {
      items.forEach(({ id }, i) => {
        if (id !== 0) return;
        const pixels = pixelsOf(Float32Array.from(values[b]?.[i] ?? []), image);
        expect([pixels[0], pixels[pixels.length - 1]]).toEqual([255, 255]);
        expect(pixels[(8 * 4 + 4) * 3 + 2]).toBeLessThan(20);
      });
    });
  });

  it("are checked when they are prepared", async () => {
    await expect(prepared(parts({ decode: "live" }), ["wide.png", "cut.png"])).rejects.toThrow(
      /pairs.jsonl:2: cut.png/,
    );
  });
});
