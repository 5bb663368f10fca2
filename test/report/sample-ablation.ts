// A synthetic ablation: decreasing losses with noise, and a known gain of each part.
import type { Answer, Measure } from "../../src/ablate/answer.js";
import type { AblationResults, Curve, ResultArm, ResultRun } from "../../src/ablate/results.js";
import { type Stream, stream } from "../../src/random/stream.js";
import { sampleAnswer } from "./sample-answer.js";

export const PROJECTIONS = ["in_proj", "x_proj", "dt_proj", "out_proj"] as const;
/** The gain of each part in percent, and the share by which the gain of all parts is below the sum. */
const GAINS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  text: { in_proj: 1.9, x_proj: 0.6, dt_proj: -0.1, out_proj: 0.9, loss: 0.05 },
  image: { in_proj: 4.1, x_proj: 1.6, dt_proj: 1.0, out_proj: 2.9, loss: 0.18 },
};
const LEVEL: Readonly<Record<string, number>> = { text: 2.2, image: 0.24 };
const NOISE = 0.004;

export interface SampleAblation {
  readonly results: AblationResults;
  readonly answer: Answer;
}

/** An ablation of all subsets of some parts, with a wider baseline. */
export function subsetsAblation(options: Partial<Options> & { parts?: readonly string[] } = {}): SampleAblation {
  const { parts = PROJECTIONS, ...rest } = options;
  const all = Array.from({ length: 2 ** parts.length }, (_, code) => parts.filter((_, i) => (code >> i) & 1));
  const subsets = all.sort((a, b) => a.length - b.length);
  const arms = subsets.map(
    (subset): ResultArm => ({
      label: subset.join(" + ") || "none",
      settings: { "mixer.decouple": subset.map((part) => ({ part })) },
      kind: "grid",
      parameters: { total: 178_736 + 28_000 * subset.length, active: 178_736 },
      flops: 1.21e9,
    }),
  );
  const wide: ResultArm = {
    label: "none, d_model 84",
    settings: { "mixer.decouple": [], "model.d_model": 84 },
    kind: "extra",
    parameters: { total: 176_000 + 28_000 * parts.length, active: 176_000 + 28_000 * parts.length },
    flops: 1.93e9,
  };
  const gainOf = (arm: number, modality: string): number => {
    const gains = GAINS[modality] ?? {};
    const sum = (subset: readonly string[]): number => subset.reduce((total, part) => total + (gains[part] ?? 0.4), 0);
    const subset = subsets[arm];
    return subset ? sum(subset) * (1 - (subset.length > 1 ? ((gains.loss ?? 0) * sum(subset)) / sum(parts) : 0)) : 2.1;
  };
  const axes = [
    { path: "mixer.decouple", values: arms.map(({ settings }) => settings["mixer.decouple"] ?? []), subsetsOf: parts },
  ];
  return sampleAblation({ name: "projections", axes, arms: [...arms, wide], gainOf, subsets, parts, ...rest });
}

/** An ablation of the values of one axis. The second value is the baseline. */
export function valuesAblation(values: readonly (string | number)[], options: Partial<Options> = {}): SampleAblation {
  const path = "train.optimizer.lr";
  const arms = values.map(
    (value): ResultArm => ({
      label: `lr ${value}`,
      settings: { [path]: value },
      kind: "grid",
      parameters: { total: 178_736, active: 178_736 },
      flops: 1.21e9,
    }),
  );
  const gainOf = (arm: number): number => [-2.5, 0, 1.6, 0.1, -4, 0.6][arm % 6] ?? 0;
  return sampleAblation({ name: "rates", axes: [{ path, values }], arms, gainOf, baseline: 1, ...options });
}

interface Options extends Pick<AblationResults, "name" | "axes" | "arms"> {
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly baseline: number | undefined;
  readonly gainOf: (arm: number, modality: string) => number;
  /** The parts of each arm, except for extra arms. */
  readonly subsets: readonly (readonly string[])[];
  readonly parts: readonly string[];
  /** The state of a run that is not done, by arm and index of the seed. */
  readonly stateOf: (arm: number, seed: number) => Pick<ResultRun, "state" | "reason"> | undefined;
}

export function sampleAblation(
  options: Pick<Options, "name" | "axes" | "arms" | "gainOf"> & Partial<Options>,
): SampleAblation {
  const { name, axes, arms, gainOf, seeds = [1, 2, 3], steps = 110, baseline = 0, stateOf } = options;
  const modalities = [
    { name: "text", unit: "nats per byte" },
    { name: "image", unit: "mean squared error of the noise" },
  ];
  const numbers = stream("sample", 7);
  const offsets = seeds.map(() => numbers.normal());
  const runs = seeds.flatMap((seed, s) =>
    arms.map((_, arm): ResultRun => {
      const unfinished = stateOf?.(arm, s);
      const id = `${(arm * 31 + s * 7 + 4096).toString(16)}c0ffee`;
      if (unfinished) return { arm, seed, id, ...unfinished, training: {}, validation: {} };
      const measured = modalities.map(({ name }) => {
        const shift = 1 - gainOf(arm, name) / 100 + 0.006 * (offsets[s] ?? 0) + NOISE * numbers.normal();
        return [name, curves((LEVEL[name] ?? 1) * shift, steps, numbers)] as const;
      });
      const of = (measure: Measure) => Object.fromEntries(measured.map(([name, curve]) => [name, curve[measure]]));
      return { arm, seed, id, state: "done", training: of("training"), validation: of("validation") };
    }),
  );
  const results: AblationResults = {
    name,
    spec: `import "quickstart.mom"\n\nablate ${name} {\n  vary mixer.decouple: subsets([in_proj, x_proj, dt_proj, out_proj])\n  vary train.seed: [1, 2, 3]\n  baseline { mixer.decouple: [] } // a & b < "c"\n}\n`,
    axes,
    arms,
    baseline: "baseline" in options ? options.baseline : baseline,
    seeds,
    modalities,
    steps,
    runs,
    clock: { devices: ["SwiftShader Device (Subzero)"], seconds: 2710.25 },
  };
  const measured = modalities.map(({ name, unit }) => ({
    modality: name,
    unit,
    measures: (["training", "validation"] as const).map((measure) => sampleAnswer(results, measure, name, options)),
  }));
  return { results, answer: { modalities: measured, window: Math.max(1, Math.round(steps * 0.04)) } };
}

function curves(final: number, steps: number, numbers: Stream): Record<Measure, Curve> {
  const at = (step: number): number =>
    final * (1 + 1.6 * Math.exp((-step / steps) * 22) + 0.25 * Math.exp((-step / steps) * 4));
  const every = Array.from({ length: steps }, (_, i) => i + 1);
  const some = every.filter((step) => step % Math.ceil(steps / 10) === 0 || step === steps);
  const training = every.map((step) => at(step) * (0.985 + 0.03 * numbers.normal()));
  return { training: { steps: every, losses: training }, validation: { steps: some, losses: some.map(at) } };
}
