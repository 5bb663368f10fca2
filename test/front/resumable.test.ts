// Which fields may change when a run is resumed.
import { expect, test } from "vitest";
import { check } from "../../src/front/check.js";
import { changesBetween } from "../../src/front/resumable.js";
import type { Json } from "../../src/front/spec.js";

const SPEC = `model {
  modality text: bytes
  modality image: patches(size: 16x16, patch: 4x4)
  d_model: 16
  block mixer: mamba { d_state: 8 }
  layers: mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5) }
data { source: files("a.jsonl"), validation clips: files("v.jsonl"), length: 64 }
train { steps: 100, batch: 2, init: checkpoint("one"), optimizer: muon(rest: adamw(lr: 1e-3)), schedule: cosine(warmup: 10) }
ablate seeds { vary train.seed: [1, 2] }
`;
const jsonOf = (texts: readonly string[], text = SPEC): Json => {
  const settings = { texts, placed: (path: string) => path };
  const { json, diagnostics } = check({ path: "spec.mom", text }, () => undefined, undefined, settings);
  expect(diagnostics).toEqual([]);
  return json as Json;
};
const changes = (set: string, text = SPEC) => changesBetween(jsonOf([], text), jsonOf([set], text));

test.each([
  ["train.steps=200", "train.steps", "100", "200"],
  ["train.optimizer.lr=1e-2", "train.optimizer.lr", "0.02", "0.01"],
  ["train.optimizer.rest.lr=1e-2", "train.optimizer.rest.lr", "0.001", "0.01"],
  ["train.optimizer.weight_decay=0", "train.optimizer.weight_decay", "0.1", "0"],
  ["train.schedule=constant", "train.schedule", "cosine(warmup: 10, floor: 0)", "constant(warmup: 0)"],
  ["train.schedule.floor=0.1", "train.schedule.floor", "0", "0.1"],
  ["train.batch=4", "train.batch", "2", "4"],
  ["train.accumulate=2", "train.accumulate", "1", "2"],
  ["train.clip=none", "train.clip", "1", "none"],
  ["train.recompute=block", "train.recompute", "none", "block"],
  ["train.validate_every=5", "train.validate_every", "100", "5"],
  ["train.checkpoint_every=5", "train.checkpoint_every", "500", "5"],
  ["train.samples_every=5", "train.samples_every", undefined, "5"],
  ["train.keep=1", "train.keep", "3", "1"],
  ["data.validation.clips.long=cut", "data.validation.clips.long", undefined, "cut"],
  [
    'data.source=[files("b.jsonl"), files("c.jsonl")]',
    "data.source",
    'files("a.jsonl")',
    expect.stringContaining("c.jsonl"),
  ],
])("%s may change", (set, path, from, to) => {
  expect(changes(set)).toEqual([{ path, from, to, allowed: true }]);
});

test.each([
  ["model.d_model=32", "model.d_model"],
  ["mixer.d_state=4", "mixer.d_state"],
  ["mixer=attention(heads: 2)", "mixer"],
  ["image.channels=1", "image.channels"],
  ["model.layers=2 * mixer", "model.layers"],
  ["objective.image.weight=1", "objective.image.weight"],
  ["data.length=32", "data.length"],
  ["data.reset=true", "data.reset"],
  ["data.source.long=cut", "data.source.long"],
  ['data.source=text("a.jsonl")', "data.source"],
  ['data.source=[files("a.jsonl", weight: 2), files("c.jsonl")]', "data.source.weight"],
  ["train.init=drawn", "train.init"],
  ['train.init=checkpoint("one", prefix: "m.")', "train.init.prefix"],
  ["train.optimizer=adamw", "train.optimizer"],
  ["train.optimizer.momentum=0.9", "train.optimizer.momentum"],
  ["train.optimizer.rest.betas=[0.9, 0.99]", "train.optimizer.rest.betas"],
  ["train.precision=f16", "train.precision"],
  ["train.seed=3", "train.seed"],
])("%s may not change", (set, path) => {
  expect(
    changes(set)
      .filter(({ allowed }) => !allowed)
      .map((one) => one.path),
  ).toEqual([path]);
});

test("places of files and experiments are not compared, and with data.carry a batch keeps its rows", () => {
  expect(changes('train.init.path="two"')).toEqual([]);
  expect(changes('data.source.path=["b.jsonl", "c.jsonl"]')).toEqual([]);
  expect(changesBetween(jsonOf([]), jsonOf([], SPEC.replace("[1, 2]", "[3]")))).toEqual([]);
  const streams = SPEC.replace("length: 64", "length: 64, carry: true");
  expect(changes("train.batch=4", streams)).toMatchObject([{ path: "train.batch", allowed: false }]);
  expect(changes("train.accumulate=4", streams)).toMatchObject([{ path: "train.accumulate", allowed: true }]);
});

test("a mixture may get more sources, and not fewer", () => {
  const mixed = SPEC.replace('files("a.jsonl")', '[files("a.jsonl"), files("b.jsonl", weight: 2)]');
  const three = 'data.source=[files("a.jsonl"), files("b.jsonl", weight: 2), files("c.jsonl")]';
  expect(changes(three, mixed)).toMatchObject([{ path: "data.source", allowed: true }]);
  expect(changes('data.source=files("a.jsonl")', mixed)).toMatchObject([{ path: "data.source", allowed: false }]);
});
