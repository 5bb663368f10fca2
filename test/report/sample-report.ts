// A synthetic run: decreasing losses with noise, and images of coloured discs.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nodeDisk } from "../../src/api/node/disk.js";
import { nodeHost } from "../../src/api/node/host.js";
import { stream } from "../../src/random/stream.js";
import { type About, writeAbout } from "../../src/report/about.js";
import { encodePng } from "../../src/report/png.js";
import { type SampleGroup, writeSamples } from "../../src/report/samples.js";
import type { MetricRecord, TimingRecord } from "../../src/train/metrics.js";
import { recordLine } from "../../src/train/metrics.js";
import { createRun, type Run } from "../../src/train/run-folder.js";
import type { Session } from "../../src/train/sessions.js";

export interface ReportData {
  readonly about: About;
  readonly sessions: readonly Session[];
  readonly spec: string;
  readonly metrics: readonly MetricRecord[];
  readonly timing: readonly TimingRecord[];
  readonly samples: readonly SampleGroup[];
}

/** Writes the folder of a run. The samples are those of the last step. */
export function writeRun(path: string, { about, sessions, spec, metrics, timing, samples }: ReportData): Run {
  const run = createRun(path, { spec, plan: "{}" }, nodeDisk);
  const put = (name: string, lines: readonly string[]) => writeFileSync(join(path, name), lines.join(""));
  put("metrics.jsonl", metrics.map(recordLine));
  put("timing.jsonl", timing.map(recordLine));
  put(
    "sessions.jsonl",
    sessions.map((one) => `${JSON.stringify(one)}\n`),
  );
  writeAbout(run, about);
  const step = metrics.at(-1)?.step;
  if (step !== undefined) writeSamples(run, step, samples);
  return run;
}

const size = 32;
function disc(hue: readonly [number, number, number], noise: number, seed: number): Uint8Array {
  const numbers = stream("sample", seed);
  const pixels = Uint8Array.from({ length: size * size * 3 }, (_, index) => {
    const [row, column] = [Math.floor(index / 3 / size), Math.floor(index / 3) % size];
    const inside = (row - 15.5) ** 2 + (column - 15.5) ** 2 < 180;
    const clean = inside ? (hue[index % 3] as number) : 255;
    return Math.max(0, Math.min(255, clean + noise * numbers.normal()));
  });
  return encodePng({ width: size, height: size, channels: 3, pixels }, nodeHost.deflate);
}

function group(label: string, names: readonly string[], noise: number): SampleGroup {
  const samples = names.map((name, index) => {
    const hue = [(index * 83) % 256, (index * 151 + 40) % 256, (index * 37 + 90) % 256] as const;
    return { name, truth: disc(hue, 0, index), sampled: [disc(hue, noise, index + 100)] };
  });
  return { label, samples };
}

export function sampleReport(steps: number): ReportData {
  const numbers = stream("sample", 1);
  const metrics: MetricRecord[] = [];
  for (let step = 1; step <= steps; step++) {
    const text = 2.4 + 3.1 * Math.exp(-step / (steps / 8)) + 0.12 * numbers.normal();
    const image = 0.42 + 0.6 * Math.exp(-step / (steps / 12)) + 0.05 * numbers.normal();
    const gradient_norm = (0.8 + 4 * Math.exp(-step / 60)) * Math.exp(0.2 * numbers.normal());
    const lr = 3e-4 * Math.min(1, step / (steps / 20)) * (0.525 + 0.475 * Math.cos((Math.PI * step) / steps));
    metrics.push({ kind: "train", step, loss: text + 5 * image, losses: { text, image }, lr, gradient_norm });
    if (step % Math.ceil(steps / 10) === 0) {
      const losses = {
        text: 2.5 + 3 * Math.exp(-step / (steps / 8)),
        image: 0.45 + 0.6 * Math.exp(-step / (steps / 12)),
      };
      metrics.push({ kind: "validation", step, loss: losses.text + 5 * losses.image, losses });
    }
  }
  const device = "SwiftShader Device (Subzero)";
  const pace = Array.from({ length: Math.min(steps, 50) }, (_, i) => (i + 1) * Math.ceil(steps / 50));
  return {
    about: {
      title: "specs/emoji.mom",
      facts: [
        ["Parameters", "12.4 M (7.1 M active)"],
        ["Device", device],
        ["Steps", String(steps)],
      ],
      units: { text: "nats per token", image: "mean squared error" },
    },
    sessions: [
      {
        began: "2026-03-01T09:30:12.345Z",
        step: 0,
        version: "0.1.0",
        device,
        spec: "ab".repeat(32),
        data: 48879,
        documents: 900,
      },
      {
        began: "2026-03-02T18:05:00.000Z",
        step: Math.floor(steps / 2),
        version: "0.2.0",
        device,
        spec: "ab".repeat(32),
        data: 48879,
        documents: 900,
      },
    ],
    spec: 'model {\n  modality text:  bytes\n  modality image: patches(size: 32x32, patch: 4x4, channels: 3) // a & b < "c"\n\n  d_model: 256\n}\n',
    metrics,
    timing: pace.map((step) => ({
      step,
      seconds: step / 7,
      tokens: 8192 * step,
      tokens_per_second: 5.2e4 + 900 * numbers.normal(),
    })),
    samples: [
      group(
        "Seen names",
        ["grinning face", "red apple", "person running facing right", "cat", "sailboat", "tulip", "<b>bold</b>"],
        25,
      ),
      group("Held-out names", ["grinning cat", "green apple", "dolphin", "flag: Portugal"], 70),
      {
        label: "Captions",
        samples: [],
        texts: [
          { name: "cat", given: "", picture: disc([9, 9, 9], 0, 3), truth: "cat", sampled: "a <b>cat</b>" },
          { name: "apple", given: "red app", truth: "le", sampled: "etite" },
        ],
      },
    ],
  };
}
