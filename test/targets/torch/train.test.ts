// An emitted project trains on mom's batches; the number of ranks changes losses by rounding alone, and a resumed run is the
// uninterrupted one.
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDataHost } from "../../../src/api/node/data-host.js";
import { nodeDisk } from "../../../src/api/node/disk.js";
import { readSpec } from "../../../src/api/read-spec.js";
import { writeTorchProject } from "../../../src/api/torch-folder.js";
import { openTraining } from "../../../src/data/order.js";
import { filled } from "../../../src/data/packing.js";
import { prepare } from "../../../src/data/prepare.js";
import { noiseAt } from "../../../src/random/noise.js";
import { noiseKey } from "../../../src/random/stream.js";
import { countsOf, hostBatch } from "../../../src/train/host-batch.js";
import { missingTorch, python, ranks, records } from "./python.js";

const SPEC = `
model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)
  d_model: 15
  block mixer: mamba { d_state: 4, decouple: [in_proj, conv1d, A, norm] }
  block look: attention { heads: 3, spans: both }
  layers: mixer + look
}
objective { text: cross_entropy, image: ddpm(weight: 5, steps: 1000, schedule: cosine) }
data { source: emoji, length: 80, reset: true }
train {
  steps: 4, batch: 2, accumulate: 2, checkpoint_every: 2, recompute: block, seed: 3
  optimizer: muon(lr: 2e-2, rest: adamw(lr: 3e-3))
}
`;

const folder = mkdtempSync(join(tmpdir(), "mom-torch-"));
const project = join(folder, "project");
afterAll(() => rmSync(folder, { recursive: true }));

async function written() {
  const file = join(folder, "small.mom");
  writeFileSync(file, SPEC);
  const read = readSpec(nodeDisk, file);
  const { spec, json, folder: own, reach } = read;
  if (spec === undefined || json === undefined) throw new Error("the spec is invalid");
  const wanted = { spec, json, file: "small.mom", folder: own, reach, out: project, force: false, notice: () => {} };
  await writeTorchProject(nodeDataHost, wanted);
  const { dataSet } = await prepare(spec.data, spec.model, { host: nodeDataHost, folder: own, reach });
  return { spec, dataSet };
}

const BATCH = `
import json, torch
from data import Batches, read_config
config = read_config()
batches = Batches(config, torch.device("cpu"))
sequences = batches.sequences(0, 4)
batch = batches.batch(sequences[:2], batches.counts(sequences), "training")
from ops import noised
_, noise = noised(*(batch[f] for f in ("clean.image", "level.image", "index.image", "item.image", "noise_key")), batch, 1)
in_place = {"modality", "embedded", "target", "target_scale", "target_class", "position", "index.image", "level.image", "scale.image", "clean.image"}
found = {n: (v[batch.place] if n in in_place else v).flatten().tolist() for n, v in batch.fields.items()}
found["noise"] = noise[batch.place].flatten().tolist()
print(json.dumps(found))
`;

describe.skipIf(missingTorch !== undefined)("an emitted project", () => {
  let made: Awaited<ReturnType<typeof written>>;
  beforeAll(async () => {
    made = await written();
  });

  test("makes mom's batches", async () => {
    const { spec, dataSet } = made;
    const { batch, accumulate, seed } = spec.train;
    const order = openTraining(dataSet, { length: spec.data.length, batch, accumulate, seed });
    const micros = [order.next(), order.next()];
    const [first] = micros as [(typeof micros)[number]];
    const packed = await filled(dataSet, first, seed);
    const wanted = hostBatch(spec, packed, countsOf(spec, micros), { kind: "training", seed });
    const found = JSON.parse(python(project, BATCH)) as Record<string, number[]>;
    const compared = Object.keys(found).filter(
      (name) => wanted.has(name) && !["item.image", "timestep.image"].includes(name),
    );
    expect(compared).toEqual(expect.arrayContaining(["target", "keys.both", "clean.image", "level.image", "reset"]));
    for (const name of compared)
      expect(found[name], name).toEqual([...(wanted.get(name) as ArrayLike<number> & Iterable<number>)]);
    const times = wanted.get("timestep.image") as Int32Array;
    expect(found["timestep.image"]).toEqual([...times.subarray(0, packed.items.length)]);
    const [item] = packed.items as [(typeof packed.items)[number]];
    const key = noiseKey("noise", seed);
    const noise = Array.from({ length: 4 * 48 }, (_, i) => noiseAt(key, item.key, Math.floor(i / 48), i % 48, 48));
    const start = 48 * item.position;
    const drawn = found.noise?.slice(start, start + noise.length) ?? [];
    for (const [i, value] of drawn.entries()) expect(Math.abs(value - (noise[i] as number))).toBeLessThan(1e-6);
    expect(drawn).toHaveLength(noise.length);
  });

  test("refuses steps beyond its data, parameters without an optimizer, and a resume of nothing", async () => {
    const changed = join(folder, "changed");
    const refused = async (change: (train: Record<string, unknown>) => void, ...args: readonly string[]) => {
      cpSync(project, changed, { recursive: true });
      const config = JSON.parse(readFileSync(join(changed, "config.json"), "utf8"));
      change(config.train);
      writeFileSync(join(changed, "config.json"), JSON.stringify(config));
      return await ranks(changed, 1, "--out", join(folder, "none"), ...args).then(
        () => "",
        (error: Error) => error.message,
      );
    };
    expect(await refused((train) => Object.assign(train, { steps: 5 }))).toContain(
      "5 steps read 20 sequences, but data/ orders only 16.",
    );
    const unlisted = (train: Record<string, unknown>) => {
      const { state } = train.optimizer as { state: { parameters: string[] }[] };
      for (const part of state) part.parameters = part.parameters.filter((name) => name !== "embed.weight");
    };
    expect(await refused(unlisted)).toContain("No optimizer has embed.weight.");
    expect(await refused(() => {}, "--resume")).toContain("none does not exist.");
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  test("trains alike on one rank and on two, and from a checkpoint", async () => {
    const [one, two, copies, resumed] = ["one", "two", "copies", "resumed"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    await ranks(project, 1, "--out", one);
    await ranks(project, 2, "--out", two);
    await ranks(project, 2, "--out", copies, "--replicate");
    const alone = records(one);
    expect(alone).toHaveLength(4);
    for (const run of [two, copies])
      for (const [i, record] of records(run).entries())
        for (const field of ["loss", "gradient_norm"] as const)
          expect(Math.abs(record[field] / (alone[i]?.[field] as number) - 1), `${field} ${i} ${run}`).toBeLessThan(
            1e-5,
          );
    // A checkpoint of whole weights continues as shards.
    rmSync(join(copies, "checkpoints/step-4"), { recursive: true });
    await ranks(project, 2, "--out", copies, "--resume");
    const last = records(copies).at(-1)?.loss as number;
    expect(Math.abs(last / (alone.at(-1)?.loss as number) - 1)).toBeLessThan(1e-5);
    cpSync(two, resumed, { recursive: true });
    rmSync(join(resumed, "checkpoints/step-4"), { recursive: true });
    await ranks(project, 2, "--out", resumed, "--resume");
    expect(readFileSync(join(resumed, "metrics.jsonl"), "utf8")).toBe(readFileSync(join(two, "metrics.jsonl"), "utf8"));
  });
});
