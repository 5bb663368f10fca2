// The variants of an ablation: arms, seeds, ids, and the initial weights that arms with the same seed share.
import { describe, expect, test } from "vitest";
import { type Design, designOf } from "../../src/ablate/design.js";
import { compile, countParameters, TRAINING_PHASES } from "../../src/compile.js";
import { Failure } from "../../src/diagnostics/failure.js";
import { check } from "../../src/front/check.js";
import { printSpec } from "../../src/front/print-spec.js";
import type { CheckedSpec, Json } from "../../src/front/spec.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { initialValues } from "../../src/train/initialise.js";

interface Text {
  readonly ablate: string;
  readonly train?: string;
  /** Adds attention blocks. */
  readonly attend?: true;
  readonly heads?: number;
}

const textOf = ({ ablate, train = "seed: 7", attend, heads = 4 }: Text): string => `
model {
  modality text: bytes
  modality image: patches(size: 8x8, patch: 4x4, channels: 3)
  d_model: ${8 * heads}
  block mixer: mamba { d_state: 4 }
  ${attend ? `block attend: attention { heads: ${heads} }` : ""}
  layers: 2 * mixer${attend ? " + attend" : ""}
}
objective { text: cross_entropy, image: ddpm }
data { source: emoji, length: 64 }
train { steps: 10, batch: 2, optimizer: adamw(lr: 1e-3), ${train} }
ablate a { ${ablate} }
`;

const nothing = () => undefined;

function means(json: Json): CheckedSpec {
  const { spec, diagnostics } = check({ path: "a.mom", text: printSpec(json) }, nothing);
  if (spec === undefined) throw new Failure(diagnostics);
  return spec;
}

function design(text: Text | string): Design {
  const source = typeof text === "string" ? text : textOf(text);
  const { spec, json, diagnostics } = check({ path: "a.mom", text: source }, nothing);
  const [ablation] = spec?.ablations ?? [];
  if (ablation === undefined) throw new Error(diagnostics.map(({ message }) => message).join());
  return designOf(ablation, { json: json as Json, check: means, countParameters });
}

const PROJECTIONS = "subsets([in_proj, x_proj, dt_proj, out_proj])";
const PAPER = {
  ablate: `vary mixer.decouple: ${PROJECTIONS}\nvary train.seed: [1, 2, 3]\nbaseline { mixer.decouple: [] }`,
};

describe("arms and seeds", () => {
  test("the paper's ablation has sixteen arms, and every arm runs with one seed before the next seed", () => {
    const { arms, seeds, variants, baseline, axes } = design(PAPER);
    expect(arms.length).toBe(16);
    expect(arms.slice(0, 4).map(({ label }) => label)).toEqual(["none", "in_proj", "x_proj", "in_proj + x_proj"]);
    expect(arms.at(-1)?.label).toBe("in_proj + x_proj + dt_proj + out_proj");
    expect(axes).toMatchObject([{ path: "mixer.decouple", subsetsOf: ["in_proj", "x_proj", "dt_proj", "out_proj"] }]);
    expect(baseline).toBe(0);
    expect(seeds).toEqual([1, 2, 3]);
    expect(variants.map(({ arm, seed }) => [arm, seed])).toEqual(
      seeds.flatMap((seed) => arms.map((_, arm) => [arm, seed])),
    );
    for (const { spec, arm, seed } of variants) {
      expect(spec.train.seed).toBe(seed);
      expect({ ...spec.train, seed: 1 }).toEqual({ ...arms[arm]?.spec.train, seed: 1 });
    }
  });

  test("without an axis of seeds, the spec's seed is used", () => {
    const { seeds, variants, arms } = design({ ablate: "vary mixer.d_state: [4, 8]" });
    expect(seeds).toEqual([7]);
    expect(variants.length).toBe(2);
    expect(arms.map(({ label }) => label)).toEqual(["d_state 4", "d_state 8"]);
  });

  test("an ablation of seeds alone has one arm", () => {
    const { arms, variants } = design({ ablate: "vary train.seed: [1, 2]" });
    expect(arms.map(({ label }) => label)).toEqual(["as written"]);
    expect(variants.length).toBe(2);
  });

  test("the last of several axes changes fastest, and axes that the baseline omits have their first value", () => {
    const { arms, baseline } = design({
      ablate: `vary mixer.d_state: [2, 4]\nvary train.optimizer.lr: [1e-3, 3e-3]\nvary mixer.expand: [1, 2]
        baseline { mixer.d_state: 4, mixer.expand: 2 }`,
    });
    expect(arms.map(({ label }) => label).slice(0, 3)).toEqual([
      "d_state 2, lr 0.001, expand 1",
      "d_state 2, lr 0.001, expand 2",
      "d_state 2, lr 0.003, expand 1",
    ]);
    expect(arms[baseline as number]?.settings).toEqual({
      "mixer.d_state": 4,
      "train.optimizer.lr": 1e-3,
      "mixer.expand": 2,
    });
  });

  test("subsets are recognized even if written out, and groups are not subsets", () => {
    const parts = (values: string) => design({ ablate: `vary mixer.decouple: ${values}` }).axes[0]?.subsetsOf;
    expect(parts("[[], [A], [D], [D, A]]")).toEqual(["A", "D"]);
    expect(parts("[[], [A], [D]]")).toBeUndefined();
    expect(parts("[[], [A(groups: [[text], [image]])]]")).toBeUndefined();
  });
});

describe("ids of variants", () => {
  test("are stable when comments, order and other ablations change, and change with the meaning", () => {
    const ids = (text: Text | string) => design(text).variants.map(({ id }) => id);
    const before = ids({ ablate: "vary mixer.d_state: [4, 8]" });
    expect(before).toEqual([...new Set(before)]);
    expect(before.every((id) => /^[0-9a-f]{12}$/.test(id))).toBe(true);
    const other = textOf({ ablate: "vary mixer.d_state: [4, 8]" }).replace(
      "steps: 10, batch: 2",
      "batch: 2, steps: 10",
    );
    expect(ids(`// a comment\n${other}`)).toEqual(before);
    expect(ids({ ablate: "vary mixer.d_state: [2, 4, 8]" }).slice(1)).toEqual(before);
    expect(ids({ ablate: "vary mixer.d_state: [4, 8]", train: "seed: 8" })).not.toContain(before[0]);
  });

  test("belong to a text that parses to the variant's spec", () => {
    for (const { text, spec } of design(PAPER).variants.slice(0, 20)) {
      expect(check({ path: "a.mom", text }, nothing).spec).toEqual(spec);
    }
  });
});

describe("initial weights of arms", () => {
  const profile = profileNamed("webgpu-default") as Profile;
  const initial = ({ train, ...spec }: CheckedSpec) =>
    new Map(
      compile(
        { ...spec, train },
        { profile, batch: 1, length: 64, phases: TRAINING_PHASES, variants: "first" },
      ).parameters.map(({ name, shape, group, source: { initial: kind, layer, part } }) => [
        name,
        [...initialValues(kind, shape, { seed: train.seed, layer: layer >>> 0, part, group })],
      ]),
    );

  test("are equal in tensors of the same name, and a first copy equals the shared tensor, but a second does not", () => {
    const { arms } = design(PAPER);
    const [dense, split] = [
      initial((arms[0] as (typeof arms)[0]).spec),
      initial((arms.at(-1) as (typeof arms)[0]).spec),
    ];
    const common = [...dense.keys()].filter((name) => split.has(name));
    expect(common.length).toBeGreaterThan(10);
    for (const name of common) expect(split.get(name), name).toEqual(dense.get(name));
    const [shared, first, second] = ["in_proj", "local_experts_in_proj.0", "local_experts_in_proj.1"].map(
      (part) => `layers.1.mamba_model.${part}.weight`,
    ) as [string, string, string];
    expect(split.get(first)).toEqual(dense.get(shared));
    expect(split.get(second)).not.toEqual(dense.get(shared));
  });
});

describe("the widened baseline", () => {
  test("has the width whose parameter count is nearest to that of the largest arm", () => {
    const { arms, variants } = design({ ablate: `${PAPER.ablate}\nwiden_baseline: true` });
    expect(arms.length).toBe(17);
    expect(variants.length).toBe(51);
    const [dense, wide] = [arms[0], arms[16]] as [(typeof arms)[0], (typeof arms)[0]];
    const wanted = Math.max(...arms.slice(0, 16).map(({ spec }) => countParameters(spec)));
    const { d_model } = wide.spec.model;
    expect(wide).toMatchObject({ kind: "extra", label: `none, d_model ${d_model}` });
    expect(wide.spec.model.blocks).not.toEqual(dense.spec.model.blocks);
    const off = (width: number): number => {
      const { json } = check(
        { path: "a.mom", text: textOf(PAPER).replace("d_model: 32", `d_model: ${width}`) },
        nothing,
      );
      return Math.abs(countParameters(means({ ...(json as object), ablate: {} } as Json)) - wanted);
    };
    expect(off(d_model)).toBe(Math.abs(countParameters(wide.spec) - wanted));
    for (const other of [d_model - 4, d_model + 4]) expect(off(other)).toBeGreaterThan(off(d_model));
  });

  test("has a width that is a multiple of the heads", () => {
    const { arms } = design({ ablate: `${PAPER.ablate}\nwiden_baseline: true`, attend: true, heads: 6 });
    expect((arms.at(-1)?.spec.model.d_model as number) % 12).toBe(0);
  });

  test("is omitted if the baseline is the largest arm", () => {
    const ablate =
      "vary mixer.decouple: subsets([in_proj])\nbaseline { mixer.decouple: [in_proj] }\nwiden_baseline: true";
    expect(design({ ablate }).arms.length).toBe(2);
  });
});

describe("a design is refused for", () => {
  test("two arms with the same spec", () => {
    expect(() => design({ ablate: "vary mixer.d_state: [4, 8, 4]" })).toThrow(
      "`d_state 4` and `d_state 4` are the same spec",
    );
    expect(() => design({ ablate: "vary mixer.decouple: [[A, D], [D, A]]" })).toThrow("are the same spec");
  });
  test("a duplicate seed", () => {
    expect(() => design({ ablate: "vary train.seed: [1, 2, 1]" })).toThrow("has the seed 1 twice");
  });
  test("values that are valid alone and invalid together", () => {
    const ablate = "vary attend.heads: [4, 8]\nvary model.d_model: [32, 36]";
    expect(() => design({ ablate, attend: true })).toThrow(
      "In the arm `heads 8, d_model 36` of `a`: 8 heads do not divide the 36 channels of `d_model`.",
    );
  });
});
