// Every file in specs/ passes check and inspect. The counts that the paper's scales state equal counts by hand.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkFile } from "../../src/api/read-spec.js";
import { TRAINING_PHASES } from "../../src/compile.js";
import { render } from "../../src/diagnostics/render.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { type Fit, fitInto } from "../../src/inspect/fit.js";
import { type Inspection, inspect } from "../../src/inspect/inspection.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { ROOT } from "../support/mom.js";

const files = readdirSync(join(ROOT, "specs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".mom"))
  .map((name) => `specs/${name.replaceAll("\\", "/")}`)
  .sort();

const optionsFor = (spec: CheckedSpec) =>
  ({
    profile: profileNamed("nvidia-h100") as Profile,
    batch: spec.train.batch,
    length: spec.data.length,
    phases: TRAINING_PHASES,
    variants: "all",
  }) as const;

function specOf(file: string): CheckedSpec {
  const { spec, diagnostics, sources } = checkFile(nodeDisk, join(ROOT, file));
  // The paper has 500 speech units, so its vocabulary does not suit matrix units.
  const others = diagnostics.filter(
    ({ name }) => !(name === "vocabulary-uneven" && file.startsWith("specs/paper/chameleon-speech")),
  );
  expect(render(others, sources, { colour: false })).toBe("");
  if (spec === undefined) throw new Error(`${file} is invalid.`);
  return spec;
}

/** d_model, Mamba blocks, vocabulary, modalities, and numbers in a patch of each scale. */
const SCALES: Readonly<Record<string, readonly [number, number, number, number, number?]>> = {
  "transfusion-163m": [768, 2 * 16, 32_000, 2, 2 * 2 * 8],
  "transfusion-760m": [1536, 2 * 24, 32_000, 2, 2 * 2 * 8],
  "transfusion-1.4b": [2048, 2 * 24, 32_000, 2, 2 * 2 * 8],
  "chameleon-37m": [256, 2 * 4, 65_536, 2],
  "chameleon-94m": [512, 2 * 8, 65_536, 2],
  "chameleon-443m": [1024, 2 * 24, 65_536, 2],
  "chameleon-880m": [1536, 2 * 24, 65_536, 2],
  "chameleon-1.5b": [2048, 2 * 24, 65_536, 2],
  "chameleon-speech-443m": [1024, 2 * 24, 65_536 + 500, 3],
  "chameleon-speech-880m": [1536, 2 * 24, 65_536 + 500, 3],
  "chameleon-speech-1.5b": [2048, 2 * 24, 65_536 + 500, 3],
};

/** Parameters of a model with `copies` of each of the four projections. */
function byHand([d, blocks, V, , patch]: (typeof SCALES)[string], copies: number): number {
  const [E, N, kernel, R] = [2 * d, 16, 4, d / 16];
  const projections = d * 2 * E + E * (R + 2 * N) + (R * E + E) + E * d;
  const others = d + (E * kernel + E) + E * N + E; // norm, conv1d, A_log, D
  const tokens = 2 * V * d; // embedding and head
  // patch_in, patch_out, both layers of t_embed
  const pictures = patch === undefined ? 0 : patch * d + d + (d * patch + patch) + (256 * d + d) + (d * d + d);
  return blocks * (copies * projections + others) + d + tokens + pictures;
}

const numbersIn = (text: string): number[] =>
  [...text.matchAll(/\d{1,3}(?: \d{3})+/g)].map(([digits]) => Number(digits.replaceAll(" ", "")));

test("each scale of the paper has a spec", () => {
  expect(files.length).toBeGreaterThan(20);
  for (const scale of Object.keys(SCALES)) expect(files).toContain(`specs/paper/${scale}.mom`);
});

describe("every spec passes check and inspect", () => {
  test.each(files)("%s", (file) => {
    const spec = specOf(file);
    const inspection: Inspection = inspect(spec, optionsFor(spec));
    expect("pieces" in inspection.memory).toBe(false);
    expect(inspection.kernels?.step).toBeGreaterThan(20);
    const scale = /^specs\/paper\/(.*)\.mom$/.exec(file)?.[1] ?? "";
    const sizes = SCALES[scale];
    if (sizes === undefined) return;
    const [total, active] = [byHand(sizes, sizes[3]), byHand(sizes, 1)];
    expect([inspection.parameters.total, inspection.parameters.active]).toEqual([total, active]);
    expect(numbersIn(readFileSync(join(ROOT, file), "utf8"))).toEqual([total, active]);
  });
});

test("the scales are named after the rounded sizes of the dense models", () => {
  const dense = (scale: string): number => Math.round(byHand(SCALES[scale] as (typeof SCALES)[string], 1) / 1e5) / 10;
  expect(dense("transfusion-163m")).toBe(170.7);
  expect(dense("chameleon-37m")).toBe(37.1);
  expect(dense("chameleon-1.5b")).toBe(1537.6);
});

test("the 37 M model has as many parameters with the emoji data as with the paper's data", () => {
  const spec = specOf("specs/paper/chameleon-37m-emoji.mom");
  const sizes = SCALES["chameleon-37m"] as (typeof SCALES)[string];
  const { total, active } = inspect(spec, optionsFor(spec)).parameters;
  expect([total, active]).toEqual([byHand(sizes, 2), byHand(sizes, 1)]);
});

test("the ablation has the 16 subsets of the four projections and the dense arm as baseline", () => {
  const { ablations } = specOf("specs/paper/transfusion-ablation.mom");
  const [projections] = ablations;
  expect(projections?.axes.map(({ path, values }) => [path, values.length])).toEqual([
    ["mixer.decouple", 16],
    ["train.seed", 3],
  ]);
  expect(projections?.baseline).toEqual({ "mixer.decouple": [] });
});

test("the 1.4 B model fits into 80 GiB, but its weights and moments alone exceed 24 GiB", () => {
  const spec = specOf("specs/paper/transfusion-1.4b.mom");
  expect(fitInto(spec, optionsFor(spec), 80 * 2 ** 30)).toMatchObject({ fits: true, largest: 2 });
  const small = fitInto(spec, optionsFor(spec), 24 * 2 ** 30);
  expect(small).toMatchObject({ fits: false, instead: undefined });
  expect(small.weights).toBeGreaterThan(4 * 4 * 2_669_912_096);
});

test("recomputation divides the memory besides weights and moments by more than 5 in the 1.4 B benchmark", () => {
  const spec = specOf("bench/d-1.4b.mom");
  const [none, block] = (["none", "block"] as const).map((recompute) =>
    fitInto({ ...spec, train: { ...spec.train, recompute } }, optionsFor(spec), 80e9),
  ) as [Fit, Fit];
  expect(spec.train).toMatchObject({ batch: 1, recompute: "block" });
  expect(spec.data.length).toBe(4096);
  expect(block.fits).toBe(true);
  expect(block.weights).toBe(none.weights);
  expect(block.bytes - block.weights).toBeLessThan((none.bytes - none.weights) / 5);
});
