// Writes folders of synthetic runs, to try the page of runs: node scripts/sample-runs.mjs FOLDER [RUNS] [STEPS].
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SPEC = readFileSync(fileURLToPath(new URL("../specs/quickstart.mom", import.meta.url)), "utf8");

/** Records of steps `from` to `to`, as the lines of metrics.jsonl and timing.jsonl. */
export function recordLines({ from = 1, to, of = to, lr = 3e-4, rate = 8, seed = 1, every = Math.ceil(of / 20) }) {
  const metrics = [];
  const timing = [];
  let state = seed * 7919;
  const noise = () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  };
  for (let step = from; step <= to; step++) {
    const fall = Math.exp((-step / of) * rate);
    const losses = {
      text: 2.2 + 0.02 * seed + 3.4 * fall + 0.25 * noise(),
      image: 0.24 + 0.003 * seed + 0.8 * fall * fall + 0.05 * noise(),
    };
    const loss = losses.text + 5 * losses.image;
    const record = {
      kind: "train",
      step,
      loss,
      losses,
      lr: lr * Math.min(1, step / (of / 20)),
      gradient_norm: 1 + fall + 0.3 * noise(),
    };
    metrics.push(JSON.stringify(record));
    if (step % every === 0) {
      const held = { text: 2.3 + 0.02 * seed + 3.2 * fall, image: 0.26 + 0.003 * seed + 0.8 * fall * fall };
      metrics.push(JSON.stringify({ kind: "validation", step, loss: held.text + 5 * held.image, losses: held }));
    }
    timing.push(
      JSON.stringify({
        step,
        seconds: step / (6 + (seed % 3)),
        tokens_per_second: 5e4 + 900 * noise(),
        tokens: step * 8192,
      }),
    );
  }
  return { metrics: `${metrics.join("\n")}\n`, timing: `${timing.join("\n")}\n` };
}

/** Writes the folder of a run. */
export function writeSampleRun(folder, { steps, lr = 3e-4, seed = 1, rate = 8, to = steps, about = {} }) {
  mkdirSync(join(folder, "samples"), { recursive: true });
  mkdirSync(join(folder, "checkpoints"), { recursive: true });
  const put = (name, text) => writeFileSync(join(folder, name), text);
  const own = { steps, seed, validate_every: Math.ceil(steps / 20) };
  const settings = Object.entries(own).reduce(
    (text, [name, value]) => text.replace(new RegExp(`^( +${name}:) .*`, "m"), `$1 ${value}`),
    SPEC.replace(/lr: [^)]*/, `lr: ${lr}`),
  );
  put("spec.mom", settings);
  put("plan.json", "{}");
  put(
    "about.json",
    JSON.stringify({
      title: "sample",
      facts: [
        ["Parameters", "178k"],
        ["Device", "SwiftShader Device (Subzero)"],
      ],
      units: { text: "nats per byte", image: "mean squared error of the noise" },
      ...about,
    }),
  );
  const { metrics, timing } = recordLines({ to, of: steps, lr, rate, seed });
  put("metrics.jsonl", metrics);
  put("timing.jsonl", timing);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder = "runs", runs = "3", steps = "2000"] = process.argv;
  for (let i = 0; i < Number(runs); i++)
    writeSampleRun(join(folder, `run-${String(i + 1).padStart(3, "0")}`), {
      steps: Number(steps),
      seed: i + 1,
      lr: [3e-4, 1e-3, 3e-3][i % 3],
      rate: 6 + (i % 5),
    });
}
