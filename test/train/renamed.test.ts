// Permuting the names of modalities in a spec does not change losses or weights: they are bit-identical.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeHost } from "../../src/api/node/host.js";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import { prepare } from "../../src/data/prepare.js";
import { check } from "../../src/front/check.js";
import type { Checkpoint, LiveCheckpoint } from "../../src/train/checkpoint-files.js";
import { train } from "../../src/train/loop.js";
import type { MetricRecord } from "../../src/train/metrics.js";
import { openModel } from "../../src/train/model.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { reread } from "./sample-checkpoint.js";

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-renamed-"));
const STEPS = 3;

const specText = (text: string, image: string, codes: string): string => `
model {
  modality ${text}: bytes
  modality ${image}: patches(size: 8x8, patch: 4x4, channels: 3)
  modality ${codes}: tokens(vocab: 20)
  d_model: 16
  block mixer: mamba {
    d_state: 4
    decouple: [in_proj, out_proj, A, x_proj(groups: [[${text}, ${codes}], [${image}]])]
  }
  layers: 2 * mixer
}
objective { ${codes}: cross_entropy, ${image}: ddpm(weight: 5), ${text}: cross_entropy(weight: 0.5) }
data { source: files("pairs.jsonl"), length: 48, held_out: 0.3 }
train { steps: ${STEPS}, batch: 2, optimizer: adamw(lr: 3e-3), seed: 3, validate_every: 2 }
`;

beforeAll(async () => {
  const numbers = [...Array(12).keys()];
  for (const i of numbers) {
    const background = { r: 20 * i, g: 200 - 10 * i, b: 50 };
    await sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toFile(join(folder, `${i}.png`));
  }
  const lines = numbers.map((i) => ({
    segments: [{ text: `word ${i}` }, { image: `${i}.png` }, { tokens: [i, 19 - i, 3] }],
  }));
  writeFileSync(join(folder, "pairs.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The records and the last checkpoint of a run. */
async function run(names: readonly [string, string, string]): Promise<[MetricRecord[], Checkpoint]> {
  const { spec } = check({ path: "a.mom", text: specText(...names) }, () => undefined);
  if (!spec) throw new Error("the spec is invalid");
  const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, cache: join(folder, "cache") });
  const opened = await testDevice();
  const { batch } = spec.train;
  const options = { profile: opened.profile, batch, length: spec.data.length, phases: TRAINING_PHASES } as const;
  const model = await openModel(opened, compile(spec, { ...options, variants: "first" }), pipelinesOn(opened));
  const records: MetricRecord[] = [];
  const kept: Checkpoint[] = [];
  const listener = {
    stepped: (record: MetricRecord) => records.push(record),
    validated: (record: MetricRecord) => records.push(record),
    checkpoint: async (made: LiveCheckpoint) => {
      kept.push(await reread(made));
    },
    stopWanted: () => false,
  };
  expect(await train(model, spec, dataSet, listener)).toMatchObject({ kind: "finished", step: STEPS });
  model.runtime.destroy();
  return [records, kept.at(-1) as Checkpoint];
}

/** Replaces modality names in the names of tensors and losses, segment by segment. */
function renamed<T>(entries: Iterable<readonly [string, T]>, names: ReadonlyMap<string, string>): Map<string, T> {
  const other = (name: string): string =>
    name
      .split(".")
      .map((part) => names.get(part) ?? part)
      .join(".");
  return new Map([...entries].map(([name, value]) => [other(name), value]));
}

test.skipIf(missing)("permuted names change only names", async () => {
  const first = ["text", "image", "codes"] as const;
  const second = ["codes", "text", "image"] as const;
  const names = new Map(first.map((name, i) => [name, second[i] as string]));
  const [[records, { tensors, optimizer }], [others, left]] = [await run(first), await run(second)];
  expect(others.length).toBe(STEPS + 2);
  expect(others).toEqual(
    records.map((record) => ({ ...record, losses: Object.fromEntries(renamed(Object.entries(record.losses), names)) })),
  );
  expect(Object.keys(records.at(-1)?.losses ?? {}).sort()).toEqual([...first].sort());
  expect(left.tensors).toEqual(renamed(tensors, names));
  expect(left.tensors.has("patch_in.text.weight")).toBe(true);
  expect([...left.optimizer.keys()]).toEqual(["m", "v"]);
  for (const [slot, of] of optimizer) expect(left.optimizer.get(slot)).toEqual(renamed(of, names));
});
