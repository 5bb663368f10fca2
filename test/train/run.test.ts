// Complete runs through the command line: repeated runs are identical, even after kill -9 at random moments.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSafetensors } from "../../src/data/safetensors.js";
import { stream } from "../../src/random/stream.js";
import { missingAdapter } from "../gpu/adapter.js";
import { buildMom, type Mom } from "../support/mom.js";

const STEPS = 30;
const SPEC = `
model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)
  d_model: 16
  block mixer: mamba { d_state: 4, decouple: [in_proj, x_proj, dt_proj, out_proj] }
  layers: 1 * mixer
}
objective { text: cross_entropy, image: ddpm(weight: 5, steps: 1000, schedule: cosine) }
data { source: emoji, length: 80 }
train {
  steps: ${STEPS}, batch: 2, accumulate: 2
  optimizer: adamw(lr: 3e-3)
  schedule: cosine(warmup: 5, floor: 0.1)
  seed: 3, validate_every: 100, checkpoint_every: 4, keep: 2
}
`;

const missing = await missingAdapter();
const folder = mkdtempSync(join(tmpdir(), "mom-run-"));
const spec = join(folder, "small.mom");
let mom: Mom;
beforeAll(async () => {
  mom = await buildMom();
  writeFileSync(spec, SPEC);
});
afterAll(() => {
  mom.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** A checksum of all files in a run's last checkpoint. */
function checksum(run: string): string {
  const last = join(run, "checkpoints", `step-${STEPS}`);
  const hash = createHash("sha256");
  for (const name of readdirSync(last).sort()) hash.update(name).update(readFileSync(join(last, name)));
  return hash.digest("hex");
}

const trainTo = (out: string, ...flags: string[]) => mom.run(["train", spec, "--out", out, ...flags]);
const metrics = (out: string): string => readFileSync(join(out, "metrics.jsonl"), "utf8");

test.skipIf(missing)(
  "two runs are bit-identical, and so are runs that were killed five times and resumed",
  async () => {
    const [first, second, killed] = ["first", "second", "killed"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const tracker = join(folder, "track.mjs");
    const tracked = join(folder, "tracked.jsonl");
    writeFileSync(
      tracker,
      `import { appendFileSync } from "node:fs";
       const put = (to) => async ({ step, how }) => appendFileSync(${JSON.stringify(tracked)}, JSON.stringify({ to, step, how }) + "\\n");
       export const start = put("start"), sample = put("sample"), end = put("end");
       export const step = () => { throw new Error("full"); };`,
    );
    const plain = mom.runAlone(["train", spec, "--out", first]);
    const withTracker = trainTo(second, "--track", tracker);
    for (const { code, stderr } of [plain, withTracker]) expect(code, stderr).toBe(0);
    expect(withTracker.stderr.match(/MOM0518/g)).toHaveLength(1);
    const lines = readFileSync(tracked, "utf8").trim().split("\n");
    const heard = lines.map((line): { to: string; step: number; how?: string } => JSON.parse(line));
    expect(heard[0]).toEqual({ to: "start", step: 0 });
    expect(heard.filter(({ to, step }) => to === "sample" && step === STEPS).length).toBeGreaterThan(4);
    expect(heard.at(-1)).toEqual({ to: "end", step: STEPS, how: "done" });
    expect(metrics(second)).toBe(metrics(first));
    expect(metrics(first).trim().split("\n").length).toBe(STEPS + 1);
    expect(checksum(second)).toBe(checksum(first));

    const moments = stream("sample", 11);
    for (let kill = 0; kill < 5; kill++) {
      const process = mom.start([
        "train",
        spec,
        "--out",
        killed,
        ...(existsSync(join(killed, "spec.mom")) ? ["--resume"] : []),
      ]);
      const ended = new Promise((resolve) => process.once("exit", resolve));
      await new Promise((resolve) => setTimeout(resolve, 600 + moments.below(2500)));
      process.kill("SIGKILL");
      await ended;
    }
    // On a busy machine it may have been killed each time before its folder existed.
    const resumed = trainTo(killed, ...(existsSync(join(killed, "spec.mom")) ? ["--resume"] : []));
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(checksum(killed)).toBe(checksum(first));
    expect(metrics(killed)).toBe(metrics(first));
  },
  300_000,
);

test.skipIf(missing)("the losses of mom eval are bit-identical to those of validation in training", () => {
  const first = join(folder, "first");
  const recorded = JSON.parse(metrics(first).trim().split("\n").at(-1) as string);
  expect(recorded.kind).toBe("validation");
  const held = mom.run(["eval", first, "--json"]);
  expect(held.code, held.stderr).toBe(0);
  expect(JSON.parse(held.stdout)).toEqual({
    step: STEPS,
    loss: recorded.loss,
    losses: recorded.losses,
    split: "validation",
    documents: 92,
  });
  const checkpoint = join(first, "checkpoints", "step-28");
  const before = mom.run(["eval", spec, "--checkpoint", checkpoint, "--split", "validation", "--json"]);
  expect(before.code, before.stderr).toBe(0);
  expect(JSON.parse(before.stdout)).toMatchObject({ step: 28, documents: 92 });
  expect(JSON.parse(before.stdout).loss).not.toBe(recorded.loss);
  const absent = mom.run(["eval", first, "--step", "3"]);
  expect(absent.code).toBe(1);
  expect(absent.stderr).toContain("It has checkpoints of steps 28, 30.");
  expect(mom.run(["eval", spec]).stderr).toContain("which has no weights");
});

test.skipIf(missing)("mom sample continues a text and generates pictures, the same for the same seed", async () => {
  const [first, out] = [join(folder, "first"), join(folder, "drawn")];
  const text = mom.run(["sample", first, "--prompt", "red", "--tokens", "6", "--temperature", "0", "--json"]);
  expect(text.code, text.stderr).toBe(0);
  const { step, samples } = JSON.parse(text.stdout);
  expect(step).toBe(STEPS);
  expect(samples).toHaveLength(1);
  const pictures = ["--prompt", "red", "--modality", "image", "--count", "2", "--steps", "3", "--guidance", "2"];
  const drawn = mom.run(["sample", first, ...pictures, "--out", out]);
  expect(drawn.code, drawn.stderr).toBe(0);
  expect(drawn.stdout).toBe(
    `Sample 1\nimage: ${join(out, "1-image.png")}\n\nSample 2\nimage: ${join(out, "2-image.png")}\n`,
  );
  const [one, two] = [1, 2].map((n) => readFileSync(join(out, `${n}-image.png`))) as [Buffer, Buffer];
  expect(await sharp(one).metadata()).toMatchObject({ format: "png", width: 8, height: 8, channels: 3 });
  expect(two.equals(one)).toBe(false);
  mom.run(["sample", first, ...pictures, "--out", out]);
  expect(readFileSync(join(out, "2-image.png")).equals(two)).toBe(true);
  const caption = mom.run(["sample", first, "--image", join(out, "1-image.png"), "--modality", "text", "--json"]);
  expect(caption.code, caption.stderr).toBe(0);
  for (const { modality } of JSON.parse(caption.stdout).samples[0].segments) expect(modality).toBe("text");
  const refused = (...args: string[]) => mom.run(["sample", first, ...args]);
  expect(refused("--modality", "imgae")).toMatchObject({ code: 1, stderr: expect.stringContaining("`image`") });
  expect(refused()).toMatchObject({ code: 1, stderr: expect.stringContaining("The prompt is empty") });
  expect(refused("--image", spec)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("the image cannot be read"),
  });
  expect(refused("--top-p", "1.5").code).toBe(2);
});

test.skipIf(missing)(
  "an interrupted run saves a checkpoint, prints how to resume, and resumes to the same result",
  async () => {
    const [whole, stopped] = [join(folder, "first"), join(folder, "stopped")] as [string, string];
    const process = mom.start(["train", spec, "--out", stopped]);
    let printed = "";
    let interrupted = false;
    process.stderr?.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
      if (!interrupted && printed.includes("step 1/")) {
        interrupted = true;
        process.kill("SIGINT");
      }
    });
    const code = await new Promise((resolve) => process.once("exit", resolve));
    expect(code, printed).toBe(130);
    expect(printed).toContain("--resume");
    const resumed = trainTo(stopped, "--resume");
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(checksum(stopped)).toBe(checksum(whole));
  },
);

test.skipIf(missing)("an existing output folder is not changed", () => {
  const before = metrics(join(folder, "first"));
  const again = trainTo(join(folder, "first"));
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("--resume");
  expect(metrics(join(folder, "first"))).toBe(before);
});

test.skipIf(missing)("a run is not resumed with another spec", () => {
  const other = join(folder, "other.mom");
  writeFileSync(other, SPEC.replace("d_state: 4", "d_state: 2"));
  const before = metrics(join(folder, "first"));
  const { code, stderr } = mom.run(["train", other, "--out", join(folder, "first"), "--resume"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/`mixer\.d_state` cannot change .* has `4`, and the spec now has `2`/);
  expect(metrics(join(folder, "first"))).toBe(before);
});

test.skipIf(missing)(
  "a run that diverges stops, reports the first tensor with NaN or infinity, and keeps the previous weights",
  () => {
    const wild = join(folder, "wild.mom");
    writeFileSync(wild, SPEC.replace("lr: 3e-3", "lr: 10").replace("warmup: 5", "warmup: 0"));
    const out = join(folder, "wild");
    const { code, stderr } = mom.run(["train", wild, "--out", out]);
    expect(code, stderr).toBe(4);
    const [, step] = /The weights are those of step (\d+)/.exec(stderr) ?? [];
    expect(stderr).toMatch(
      /The first tensor with NaN or infinity is .+, computed by .+: \d+ of its \d+ numbers are not finite|too large to be squared/,
    );
    const weights = readFileSync(join(out, "checkpoints", `step-${step}`, "weights.safetensors"));
    for (const { data } of readSafetensors(weights, "weights").tensors.values()) {
      expect([...(data as Float32Array)].every(Number.isFinite)).toBe(true);
    }
  },
);
