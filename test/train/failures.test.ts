// Failures of complete runs: the message, the exit code, and that earlier work is kept.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { compile, TRAINING_PHASES } from "../../src/compile.js";
import { prepare } from "../../src/data/prepare.js";
import { check } from "../../src/front/check.js";
import { findAdapter, SOURCES } from "../../src/gpu/dawn.js";
import { DeviceError } from "../../src/gpu/device-error.js";
import { parseCheckpoint } from "../../src/train/checkpoint-files.js";
import { train } from "../../src/train/loop.js";
import { openModel } from "../../src/train/model.js";
import { lockedBy } from "../../src/train/run-lock.js";
import { freshDevice, missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom } from "../support/mom.js";
import { filesIn, live } from "./sample-checkpoint.js";

const SPEC = `
model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)
  d_model: 16
  block mixer: mamba { d_state: 4, decouple: [in_proj, x_proj, dt_proj, out_proj] }
  layers: 1 * mixer
}
objective {
  text: cross_entropy
  image: ddpm(weight: 5, steps: 1000, schedule: cosine)
}
data { source: files("pairs.jsonl"), length: 40, held_out: 0.2 }
train { steps: 6, batch: 2, optimizer: adamw(lr: 3e-3), schedule: constant, seed: 3, checkpoint_every: 2, keep: 3 }
`;
/** The spec of most of these runs. Without pictures, a run has half the kernels. */
const SMALL = SPEC.replace(/modality image: .*/, "modality codes: tokens(vocab: 20)")
  .replace(/image: ddpm.*/, "codes: cross_entropy")
  .replace("pairs.jsonl", "words.jsonl");

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-failures-"));
const at = (...names: string[]): string => join(folder, ...names);
const environment = { MOM_CACHE: process.env.MOM_CACHE ?? "" };
let mom: Mom;

const lines = (documents: readonly unknown[]): string =>
  documents.map((segments) => `${JSON.stringify({ segments })}\n`).join("");
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};
const trainTo = (file: string, out: string, ...flags: string[]) =>
  mom.run(["train", file, "--out", at(out), ...flags], folder, environment);
/** Copies the folder of a finished run of `small.mom`, which is trained once. */
const healthy = (out: string): void => {
  if (!existsSync(at("healthy"))) {
    const { code, stderr } = trainTo(at("small.mom"), "healthy");
    expect(code, stderr).toBe(0);
  }
  cpSync(at("healthy"), at(out), { recursive: true });
};
const stepsOf = (run: string): string[] => readdirSync(at(run, "checkpoints")).sort();
const bytesOf = (run: string, step: number) =>
  readdirSync(at(run, "checkpoints", `step-${step}`))
    .sort()
    .map((name) => readFileSync(at(run, "checkpoints", `step-${step}`, name)));
const metrics = (run: string) =>
  readFileSync(at(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; loss: number | null; losses: Record<string, number | null> });

beforeAll(async () => {
  mom = await buildMom();
  const numbers = [...Array(12).keys()];
  for (const i of numbers) {
    const background = { r: 20 * i, g: 200 - 10 * i, b: 50 };
    await sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toFile(at(`${i}.png`));
  }
  write("pairs.jsonl", lines(numbers.map((i) => [{ text: `word ${i}` }, { image: `${i}.png` }])));
  write("words.jsonl", lines(numbers.map((i) => [{ text: `word ${i}` }, { tokens: [i, 1, (2 * i) % 20] }])));
  write("small.mom", SMALL);
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(missing)("a run that diverges", () => {
  const wild = SPEC.replace("lr: 3e-3", "lr: 10, weight_decay: 10").replace(
    "checkpoint_every: 2",
    "checkpoint_every: 1",
  );

  test("saves the weights of the previous step, bit-identical to a run of that many steps, and keeps earlier checkpoints", () => {
    const { code, stderr } = trainTo(write("wild.mom", wild), "wild");
    expect(code, stderr).toBe(4);
    expect(stderr).toMatch(
      /The first tensor with NaN or infinity is layers\.0\.\S+, computed by \S+: \d+ of its \d+ numbers/,
    );
    const step = Number(/The weights are those of step (\d+)/.exec(stderr)?.[1]);
    expect(step).toBeGreaterThan(1);
    const tame = trainTo(write("tame.mom", wild.replace("steps: 6", `steps: ${step}`)), "tame");
    expect(tame.code, tame.stderr).toBe(0);
    expect(stepsOf("wild")).toEqual(stepsOf("tame"));
    for (let s = 1; s <= step; s++) expect(bytesOf("wild", s)).toEqual(bytesOf("tame", s));
  });

  test("never saves weights with NaN, and continues from an earlier checkpoint", async () => {
    healthy("spoilt");
    const last = at("spoilt", "checkpoints", "step-6");
    const before = { files: bytesOf("spoilt", 6), metrics: metrics("spoilt") };
    const whole = parseCheckpoint((name) => readFileSync(join(last, name)), nodeDisk);
    if (typeof whole === "string") throw new Error(whole);
    (whole.tensors.get("norm.weight")?.data as Float32Array)[3] = Number.NaN;
    for (const [name, bytes] of await filesIn(live(whole))) writeFileSync(join(last, name), bytes);
    const { code, stderr } = trainTo(at("small.mom"), "spoilt", "--resume");
    expect(code, stderr).toBe(4);
    expect(stderr).toContain("the weight norm.weight is not finite: 1 of its 16 numbers");
    expect(stderr).toMatch(/step-6\. Move that folder away and --resume/);
    rmSync(last, { recursive: true });
    const resumed = trainTo(at("small.mom"), "spoilt", "--resume");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(bytesOf("spoilt", 6)).toEqual(before.files);
    expect(metrics("spoilt")).toEqual(before.metrics);
    const samples = join(at("spoilt"), "samples", "step-6");
    writeFileSync(join(samples, "kept.txt"), "");
    const again = trainTo(at("small.mom"), "spoilt", "--resume");
    expect(again.code).toBe(0);
    expect(again.stderr).toContain("Nothing to train: all 6 steps are done.");
    // Existing samples of those steps are kept, and missing ones are made.
    expect(existsSync(join(samples, "kept.txt"))).toBe(true);
    expect(readdirSync(samples)).toContain("index.json");
    expect(existsSync(at("spoilt", "report.html"))).toBe(true);
  });
});

test.skipIf(missing)(
  "a full disk stops a run with complete checkpoints, and with space it resumes to the same result",
  () => {
    const disk = at("disk");
    mkdirSync(disk);
    const mount = (...args: string[]) => spawnSync("mount", ["-t", "tmpfs", ...args, "none", disk]);
    if (process.platform !== "linux" || mount("-o", "size=300k").status !== 0) {
      console.warn("A full disk is not tested: mounting a tmpfs needs root.");
      return;
    }
    try {
      const { code, stderr } = trainTo(at("small.mom"), "disk/run");
      expect(code, stderr).toBe(1);
      expect(stderr).toMatch(/step-4 could not be written: the disk is full/);
      expect(stderr).toContain("continue from step-2, which is unchanged, with --resume");
      expect(stepsOf("disk/run")).toEqual(["step-2"]);
      expect(mount("-o", "remount,size=4m").status).toBe(0);
      const resumed = trainTo(at("small.mom"), "disk/run", "--resume");
      expect(resumed.code, resumed.stderr).toBe(0);
      healthy("roomy");
      for (const step of [2, 4, 6]) expect(bytesOf("disk/run", step)).toEqual(bytesOf("roomy", step));
      expect(metrics("disk/run")).toEqual(metrics("roomy"));
    } finally {
      spawnSync("umount", [disk]);
    }
  },
);

test("without an adapter, train and trace exit with 3 and a help, and create no files", async () => {
  const found = await Promise.all(SOURCES.map((source) => findAdapter(source)));
  const absent = found.find((each) => "missing" in each)?.source;
  if (absent === undefined) return console.warn("A missing adapter is not tested: this machine has all of them.");
  write("empty.safetensors", "\x08\0\0\0\0\0\0\0{}      ");
  const trace = ["trace", at("small.mom"), "--tensors", at("empty.safetensors"), "--out", at("made.safetensors")];
  for (const args of [["train", at("small.mom"), "--out", at("none")], trace]) {
    for (const ran of [
      mom.run([...args, "--adapter", absent], folder, environment),
      mom.run(args, folder, { ...environment, MOM_ADAPTER: absent }),
    ]) {
      expect(ran.code, ran.stderr).toBe(3);
      expect(ran.stderr).toContain("help Run mom doctor.");
    }
  }
  expect(existsSync(at("none"))).toBe(false);
  expect(existsSync(at("made.safetensors"))).toBe(false);
});

test.skipIf(missing)(
  "a device that is lost during a run ends it with a DeviceError, and checkpoints are kept",
  async () => {
    const { spec } = check({ path: at("small.mom"), text: SMALL }, () => undefined);
    if (!spec) throw new Error("the spec is invalid");
    const { dataSet } = await prepare(spec.data, spec.model, { host: nodeHost, folder, cache: at("cache") });
    const open = await freshDevice();
    const { profile } = open;
    const { batch } = spec.train;
    const compiled = compile(spec, { profile, batch, length: 40, phases: TRAINING_PHASES, variants: "first" });
    const saved: number[] = [];
    const running = train(await openModel(open, compiled), spec, dataSet, {
      stepped: ({ step }) => step === 3 && open.device.destroy(),
      validated: () => {},
      checkpoint: async ({ step }) => {
        saved.push(step);
      },
      stopWanted: () => false,
    });
    const error = await running.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).message).toMatch(/device was lost/);
    expect((error as DeviceError).remedy).toMatch(/Resume from the last checkpoint/);
    expect(saved).toEqual([2]);
  },
);

describe.skipIf(missing)("a run's folder", () => {
  test.each([
    ["a file", "pairs.jsonl", [], /pairs\.jsonl exists, and a run never overwrites another/],
    ["below a file", "pairs.jsonl/a/b", [], /a folder in the path is a file\.\s+help Remove that file/],
    ["missing and to be resumed", "nowhere", ["--resume"], /nowhere is not a run folder: the folder is missing/],
    ["a file to resume", "pairs.jsonl", ["--resume"], /pairs\.jsonl is not a run folder: spec\.mom is missing/],
  ])("that is %s is rejected", (_, out, flags, message) => {
    const { code, stderr } = trainTo(at("small.mom"), out, ...flags);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(message);
    expect(existsSync(at("nowhere"))).toBe(false);
  });

  test("is locked only by a running process, and an invalid lock is ignored", () => {
    healthy("locked");
    const stat = existsSync("/proc/self/stat") ? readFileSync("/proc/self/stat", "utf8") : undefined;
    const started = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    write("locked/lock.json", JSON.stringify({ pid: process.pid, started }));
    const held = trainTo(at("small.mom"), "locked", "--resume");
    expect(held.code, held.stderr).toBe(1);
    expect(held.stderr).toContain(`Process ${process.pid} is writing to`);
    for (const lock of ['{"pid":-1,"started":""}', "{", "null"]) {
      write("locked/lock.json", lock);
      expect(lockedBy(nodeDisk, at("locked", "lock.json"))).toBeUndefined();
    }
    const { code, stderr } = trainTo(at("small.mom"), "locked", "--resume");
    expect(code, stderr).toBe(0);
  });
});

test.skipIf(missing)("--resume rejects changed data, and an unknown option gives exit code 2", () => {
  healthy("moved");
  const before = bytesOf("moved", 6);
  cpSync(at("words.jsonl"), at("kept.jsonl"));
  write("words.jsonl", `${lines([[{ text: "another" }]])}${readFileSync(at("words.jsonl"), "utf8")}`);
  const { code, stderr } = trainTo(at("small.mom"), "moved", "--resume");
  cpSync(at("kept.jsonl"), at("words.jsonl"));
  expect(code, stderr).toBe(1);
  expect(stderr).toContain("Restore the old data; documents and sources may only be added behind the others.");
  expect(bytesOf("moved", 6)).toEqual(before);
  expect(trainTo(at("small.mom"), "typo", "--steps", "3").code).toBe(2);
});

const TWO_PICTURES = SPEC.replace(
  "  d_model",
  "  modality depth: patches(size: 4x4, patch: 2x2, channels: 1)\n  d_model",
)
  .replace("pairs", "two")
  .replace("steps: 6", "steps: 4");
const numbers = [...Array(10).keys()];
const twoPictures = numbers.map((i) => [
  { text: `w${i}` },
  ...(i % 2 ? [{ image: `${i}.png`, modality: "image" }] : []),
  ...(i % 3 ? [{ image: `${i}.png`, modality: "depth" }] : []),
]);

describe.skipIf(missing)("all metrics of a run are finite, and losses exist exactly for the learned modalities", () => {
  test.each([
    [
      "two continuous modalities",
      TWO_PICTURES.replace("  text: cross", "  depth: ddpm(weight: 2, steps: 100)\n  text: cross"),
      twoPictures,
      ["text", "image", "depth"],
    ],
    ["a modality without an objective", TWO_PICTURES, twoPictures, ["text", "image"]],
    ["batches without a picture", TWO_PICTURES, numbers.map((i) => [{ text: `only ${i}` }]), ["text"]],
    [
      "only tokens, nothing held out",
      `model {
  modality codes: tokens(vocab: 20)
  d_model: 16
  block mixer: mamba { d_state: 4 }
  layers: 1 * mixer
}
objective { codes: cross_entropy }
data { source: files("two.jsonl"), length: 40, held_out: 0 }
train { steps: 4, batch: 2, optimizer: adamw(lr: 3e-3) }
`,
      numbers.map((i) => [{ tokens: [1, 2, i, 3] }]),
      ["codes"],
    ],
  ])("%s", (name, spec, documents, learned) => {
    const out = name.replaceAll(/\W+/g, "-");
    write("two.jsonl", lines(documents));
    const { code, stderr } = trainTo(write("two.mom", spec), out);
    expect(code, stderr).toBe(0);
    const records = metrics(out);
    expect(records.filter(({ kind }) => kind === "train").length).toBe(4);
    expect(new Set(records.flatMap(({ losses }) => Object.keys(losses)))).toEqual(new Set(learned));
    for (const { loss, losses } of records) {
      for (const value of [loss, ...Object.values(losses)]) expect(value).toBeGreaterThan(0);
    }
    if (spec.includes("held_out: 0 ")) expect(records.every(({ kind }) => kind === "train")).toBe(true);
    expect(stderr).not.toMatch(/NaN|undefined|held out: *\n/);
    const page = readFileSync(at(out, "report.html"), "utf8");
    expect(/<script type="application\/json".*?<\/script>/s.exec(page)?.[0]).not.toMatch(/\bNaN\b|undefined/);
  });

  test("data with nothing to predict are rejected", () => {
    write("two.jsonl", lines([[{ text: "" }], [{ text: "" }]]));
    const { code, stderr } = trainTo(write("two.mom", TWO_PICTURES), "nothing");
    expect(code, stderr).toBe(1);
    expect(stderr).toContain("has anything to predict for text or image");
    expect(existsSync(at("nothing"))).toBe(false);
  });
});
