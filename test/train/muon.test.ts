// A stopped and resumed run with Muon equals an uninterrupted one. The state of another optimizer is rejected.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
const folder = mkdtempSync(join(tmpdir(), "mom-muon-"));
const MUON = "muon(lr: 1e-2, rest: adamw(lr: 3e-3))";

beforeAll(() => {
  const lines = [...Array(12).keys()].map((i) => ({
    segments: [{ text: `word ${i}` }, { codes: [i, 3], modality: "codes" }],
  }));
  writeFileSync(join(folder, "pairs.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const specText = (optimizer: string): string => `
model {
  modality text: bytes
  modality codes: codes(vocab: 20)
  d_model: 12
  block mixer: mamba { d_state: 4, decouple: [in_proj] }
  layers: mixer
}
objective { codes: cross_entropy, text: cross_entropy }
data { source: files("pairs.jsonl"), length: 24, held_out: 0.3 }
train {
  steps: 4, batch: 2, accumulate: 2, optimizer: ${optimizer}, schedule: cosine(warmup: 2), seed: 3
  validate_every: 4, checkpoint_every: 2
}
`;

async function run(optimizer: string, from?: Checkpoint): Promise<{ records: MetricRecord[]; kept: Checkpoint[] }> {
  const { spec } = check({ path: "a.mom", text: specText(optimizer) }, () => undefined);
  if (!spec) throw new Error("the spec is invalid");
  const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, cache: join(folder, "cache") });
  const opened = await testDevice();
  const { batch } = spec.train;
  const options = { profile: opened.profile, batch, length: spec.data.length, phases: TRAINING_PHASES } as const;
  const model = await openModel(opened, compile(spec, { ...options, variants: "first" }), pipelinesOn(opened));
  const records: MetricRecord[] = [];
  const kept: Checkpoint[] = [];
  try {
    const listener = {
      stepped: (record: MetricRecord) => records.push(record),
      validated: (record: MetricRecord) => records.push(record),
      checkpoint: async (made: LiveCheckpoint) => {
        kept.push(await reread(made));
      },
      stopWanted: () => false,
    };
    expect(await train(model, spec, dataSet, listener, from)).toMatchObject({ kind: "finished", step: 4 });
  } finally {
    model.runtime.destroy();
  }
  return { records, kept };
}

test.skipIf(missing)(
  "a resumed run is bit-identical to an uninterrupted one; another optimizer's state is rejected",
  async () => {
    const whole = await run(MUON);
    const [middle, end] = whole.kept as [Checkpoint, Checkpoint];
    expect([...middle.optimizer.keys()].sort()).toEqual(["m", "momentum", "v"]);
    const resumed = await run(MUON, middle);
    expect(resumed.records).toEqual(whole.records.slice(2));
    expect(resumed.kept).toEqual([end]);
    await expect(run("adamw", middle)).rejects.toThrow(
      "The checkpoint holds the state of another optimizer: it has m, momentum, v, but the spec's optimizer has m, v.",
    );
  },
);
