// The design of an ablation: one arm for each combination of values, and one run of each arm for each seed.
import { multipleOf } from "../blocks/block.fields.js";
import { contentHash } from "../data/content-hash.js";
import { printAt, printSpec } from "../front/print-spec.js";
import type { Ablation, CheckedSpec, Json } from "../front/spec.js";
import { valueAtPath, withSettings } from "../front/vary.js";
import { equalArms, repeatedSeeds, wrongArm } from "./errors.js";
import type { ResultArm, ResultAxis } from "./results.js";
import { partsOf, subsetsIn } from "./subsets.js";

export const SEED = "train.seed";
const WIDTH = "model.d_model";

/** Runs of an arm differ only in their seed. */
export interface Arm extends Pick<ResultArm, "label" | "settings" | "kind"> {
  /** The spec of the run with the first seed, without ablations. */
  readonly json: Json;
  readonly spec: CheckedSpec;
}

/** One run. */
export interface Variant {
  /** From 0, in the order of training: all arms with the first seed, then with the next. */
  readonly index: number;
  /** Index into the arms. */
  readonly arm: number;
  readonly seed: number;
  /** A digest of the spec, so the same spec has the same id in every ablation, on every machine. */
  readonly id: string;
  /** The spec, resolved, as a `.mom` file. */
  readonly text: string;
  readonly spec: CheckedSpec;
}

export interface Design {
  readonly name: string;
  readonly axes: readonly ResultAxis[];
  readonly arms: readonly Arm[];
  readonly seeds: readonly number[];
  /** Index into the arms. */
  readonly baseline: number | undefined;
  readonly variants: readonly Variant[];
}

export interface Designing {
  /** The spec as resolved, its ablations among it. */
  readonly json: Json;
  /** Checks a spec's JSON. @throws Failure if it is invalid */
  readonly check: (json: Json) => CheckedSpec;
  /** The number of parameters. */
  readonly countParameters: (spec: CheckedSpec) => number;
}

/** @throws Failure if values are valid alone but not together, or two arms are equal */
export function designOf(ablation: Ablation, { json, check, countParameters }: Designing): Design {
  const base = withoutAblations(json);
  const axes = ablation.axes
    .filter(({ path }) => path !== SEED)
    .map(({ path, values }): ResultAxis => ({ path, values, ...subsetsIn(values) }));
  const seeds = seedsOf(ablation, base);
  const points = pointsOf(axes);
  const armAt = (settings: ResultArm["settings"], label: string, kind: ResultArm["kind"]): Arm => {
    const made = withSettings(base, { ...settings, [SEED]: seeds[0] as number });
    try {
      return { label, settings, kind, json: made, spec: check(made) };
    } catch (error) {
      throw wrongArm(ablation.name, label, error);
    }
  };
  const labels = labelsOf(axes, points, base);
  const grid = points.map((settings, i) => armAt(settings, labels[i] as string, "grid"));
  const baseline = ablation.baseline && baselineIn(axes, ablation.baseline);
  const standard = baseline === undefined ? undefined : grid[baseline];
  const extra = ablation.widen_baseline && standard ? widen(standard, grid) : [];
  const arms = [...grid, ...extra];
  const variants = seeds.flatMap((seed, round) =>
    arms.map((arm, index) => variantOf(arm, index, seed, round * arms.length + index)),
  );
  const byMeaning = new Map<string, Arm>();
  for (const arm of arms) {
    const meaning = JSON.stringify(arm.spec);
    const same = byMeaning.get(meaning);
    if (same) throw equalArms(ablation.name, same.label, arm.label);
    byMeaning.set(meaning, arm);
  }
  return { name: ablation.name, axes, arms, seeds, baseline, variants };

  /** The widened baseline, as large as the largest arm; undefined if the baseline is the largest. */
  function widen({ settings, label, spec }: Arm, others: readonly Arm[]): Arm[] {
    const wanted = Math.max(...others.map((arm) => countParameters(arm.spec)));
    if (countParameters(spec) >= wanted) return [];
    const at = (d_model: number) => armAt({ ...settings, [WIDTH]: d_model }, `${label}, d_model ${d_model}`, "extra");
    const d_model = widthFor(spec, wanted, (width) => countParameters(at(width).spec));
    return d_model === spec.model.d_model ? [] : [at(d_model)];
  }
}

function variantOf({ json, spec }: Arm, arm: number, seed: number, index: number): Variant {
  const text = printSpec(withSettings(json, { [SEED]: seed }));
  const id = contentHash(text).slice(0, 12);
  return { index, arm, seed, id, text, spec: { ...spec, train: { ...spec.train, seed } } };
}

function withoutAblations(json: Json): Json {
  const { ablate, ...rest } = json as { readonly [key: string]: Json };
  return rest;
}

function seedsOf({ name, axes }: Ablation, base: Json): number[] {
  const seeds = (axes.find(({ path }) => path === SEED)?.values ?? [valueAtPath(base, SEED)]) as number[];
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined) throw repeatedSeeds(name, twice);
  return seeds;
}

/** All combinations of values; the last axis changes fastest. */
function pointsOf(axes: readonly ResultAxis[]): Record<string, Json>[] {
  return axes.reduce<Record<string, Json>[]>(
    (points, { path, values }) => points.flatMap((point) => values.map((value) => ({ ...point, [path]: value }))),
    [{}],
  );
}

/** The index of the baseline's combination. An axis that it leaves out has its first value. */
function baselineIn(axes: readonly ResultAxis[], wanted: Readonly<Record<string, Json>>): number {
  return axes.reduce((number, { path, values }) => {
    const value = wanted[path];
    const same = values.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
    return number * values.length + Math.max(0, same);
  }, 0);
}

/** `in_proj + x_proj` or `none` for parts; otherwise the value as in a spec. */
function valueLabel(value: Json, path: string, json: Json): string {
  const parts = partsOf(value);
  if (parts !== undefined) return parts.length === 0 ? "none" : parts.join(" + ");
  return printAt(json, path, value).replace(/^\[(.*)\]$/s, "$1");
}

/** A label for each combination: its values, preceded by the last names of their paths if there are several axes. */
function labelsOf(
  axes: readonly ResultAxis[],
  points: readonly ResultArm["settings"][],
  json: Json,
): readonly string[] {
  if (axes.length === 0) return points.map(() => "as written");
  const ends = axes.map(({ path }) => path.split(".").at(-1) as string);
  const names = axes.map(({ path }, i) => (ends.filter((end) => end === ends[i]).length > 1 ? path : ends[i]));
  return points.map((settings) =>
    axes
      .map(({ path, subsetsOf }, i) => {
        const value = valueLabel(settings[path] as Json, path, json);
        const bare = axes.length === 1 && (subsetsOf !== undefined || typeof settings[path] !== "number");
        return bare ? value : `${names[i]} ${value}`;
      })
      .join(", "),
  );
}

/** Keeps rows of tensors a multiple of the vector size. */
const STEP = 4;

const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));

/** The divisor of all widths that every block allows. */
function stepOf({ model }: CheckedSpec): number {
  return model.blocks.reduce((step, { fields }) => {
    const multiple = multipleOf(fields);
    return (step * multiple) / common(step, multiple);
  }, STEP);
}

/**
 * The allowed `d_model` whose number of parameters is closest to `wanted`.
 * @param countAt total parameters for a width; must increase with it
 */
function widthFor(spec: CheckedSpec, wanted: number, countAt: (d_model: number) => number): number {
  const step = stepOf(spec);
  let below = Math.max(1, Math.floor(spec.model.d_model / step));
  let above = 2 * below;
  while (countAt(above * step) < wanted) [below, above] = [above, 2 * above];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (countAt(middle * step) < wanted) below = middle;
    else above = middle;
  }
  const off = (multiple: number): number => Math.abs(countAt(multiple * step) - wanted);
  return step * (off(below) < off(above) ? below : above);
}
