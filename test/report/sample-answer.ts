// The answer of a synthetic ablation, from contrasts of means with a known deviation. It suffices for reports.
import type { Estimate, Factorial, Measure, MeasureAnswer } from "../../src/ablate/answer.js";
import { scaled } from "../../src/ablate/estimate.js";
import type { AblationResults } from "../../src/ablate/results.js";

export function sampleAnswer(
  { arms, runs, seeds, baseline }: AblationResults,
  measure: Measure,
  modality: string,
  { subsets, parts }: { readonly subsets?: readonly (readonly string[])[]; readonly parts?: readonly string[] },
): MeasureAnswer {
  const losses = arms.map((_, arm) =>
    seeds.map((seed) => {
      const run = runs.find((one) => one.arm === arm && one.seed === seed && one.state === "done");
      return run?.[measure][modality]?.losses.at(-1);
    }),
  );
  const done = losses.map((values) => values.filter((loss) => loss !== undefined));
  const means = done.map((values) => values.reduce((sum, loss) => sum + loss, 0) / values.length);
  const degrees = done.flat().length - arms.length - seeds.length + 1;
  const deviation = 0.004 * (means[baseline ?? 0] ?? Number.NaN);
  const contrast = (weights: ReadonlyMap<number, number>): Estimate => {
    const estimate = [...weights].reduce((sum, [arm, weight]) => sum + weight * (means[arm] ?? Number.NaN), 0);
    const variance = [...weights].reduce((sum, [arm, weight]) => sum + weight ** 2 / (done[arm]?.length ?? 0), 0);
    const error = deviation * Math.sqrt(variance);
    const t = Math.abs(estimate / error);
    if (seeds.length < 2) return { estimate };
    const half = (1.96 + 2.4 / degrees) * error;
    const p = Math.exp(-0.717 * t - 0.416 * t * t);
    // p-values are not corrected for other comparisons.
    const significant = seeds.length > 2 && Math.abs(estimate) > half;
    return { estimate, low: estimate - half, high: estimate + half, p, pCorrected: p, significant };
  };
  const base = baseline === undefined ? undefined : means[baseline];
  const answers = arms.map((one, arm) => {
    const values = done[arm] ?? [];
    const mean = values.length === 0 ? undefined : means[arm];
    const compared =
      baseline !== undefined && base !== undefined && Number.isFinite(base) && mean !== undefined && arm !== baseline;
    const gain = compared
      ? contrast(
          new Map([
            [baseline, 1],
            [arm, -1],
          ]),
        )
      : undefined;
    const percent = gain && scaled(gain, 100 / (base ?? 1));
    const sum = values.reduce((total, loss) => total + (loss - (mean ?? 0)) ** 2, 0);
    const steps = percent && 100 - 3.6 * percent.estimate;
    const interval = (estimate: number): Estimate =>
      seeds.length < 2 ? { estimate } : { estimate, low: estimate - 4, high: estimate + 4 };
    return {
      arm,
      losses: losses[arm] ?? [],
      mean,
      deviation: values.length < 2 ? undefined : Math.sqrt(sum / (values.length - 1)),
      gain,
      gainPercent: percent,
      match:
        percent === undefined || steps === undefined
          ? undefined
          : percent.estimate < 0.3
            ? ({
                reached: percent.estimate < -1 ? "none" : "some",
                by: percent.estimate < -1 ? 0 : 1,
                of: values.length,
              } as const)
            : ({ reached: "all", steps: interval(steps), flops: interval(steps * (one.flops / 1.21e9)) } as const),
    };
  });
  const missing = subsets?.some((_, arm) => (done[arm]?.length ?? 0) === 0);
  return {
    measure,
    arms: answers,
    residual: seeds.length < 2 || degrees < 1 ? undefined : { deviation, degrees },
    factorial:
      subsets === undefined || parts === undefined
        ? "The values are not all subsets of some parts."
        : missing
          ? "An arm of the design has no run that is done."
          : factorialOf(subsets, parts, contrast),
  };
}

function factorialOf(
  subsets: readonly (readonly string[])[],
  parts: readonly string[],
  contrast: (weights: ReadonlyMap<number, number>) => Estimate,
): Factorial {
  const indexOf = (subset: readonly string[]): number =>
    subsets.findIndex((one) => one.length === subset.length && subset.every((part) => one.includes(part)));
  const codes = Array.from({ length: 2 ** parts.length - 1 }, (_, i) =>
    parts.filter((_, part) => ((i + 1) >> part) & 1),
  );
  const effects = codes
    .sort((a, b) => a.length - b.length)
    .map((factors) => {
      const weights = subsets.map((subset, arm) => {
        const sign = factors.reduce((product, part) => product * (subset.includes(part) ? 1 : -1), 1);
        return [arm, sign / (subsets.length / 2)] as const;
      });
      return { factors, ...contrast(new Map(weights)) };
    });
  const [none, all] = [indexOf([]), indexOf(parts)];
  const singles = parts.map((part) => [indexOf([part]), -1] as const);
  const k = parts.length;
  return {
    factors: parts,
    effects,
    synergy: {
      joint: contrast(
        new Map([
          [none, 1],
          [all, -1],
        ]),
      ),
      sum: contrast(new Map([[none, k], ...singles])),
      difference:
        k === 1
          ? contrast(new Map())
          : contrast(new Map([[none, 1 - k], [all, -1], ...singles.map(([arm]) => [arm, 1] as const)])),
    },
  };
}
