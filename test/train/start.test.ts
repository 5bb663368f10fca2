// The initial weights from a source: used, copied or drawn by part and group, or rejected with help.

import { describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { ATTENTION_PARTS } from "../../src/blocks/attention.fields.js";
import { type Compiled, compile, TRAINING_PHASES } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import type { Modality } from "../../src/modalities/modality.fields.js";
import { startRecord, startText } from "../../src/report/start-text.js";
import { initialValues } from "../../src/train/initialise.js";
import { type FoundWeights, startFrom } from "../../src/train/start.js";
import { image, sketch, speech, text } from "../support/spec.js";

const common = { vocabulary: 50, d_model: 16, layers: 1, block: { d_state: 4 } } as const;

const compiled = (spec: CheckedSpec): Compiled =>
  compile(spec, {
    profile: profileNamed("webgpu-default") as Profile,
    batch: 1,
    length: 40,
    phases: TRAINING_PHASES,
    variants: "first",
  });

/** A compiled model, the names of its modalities, and weights for it that are all different. */
function made(modalities: readonly Modality[], groups: Parameters<typeof sketch>[0]["groups"] = {}) {
  const model = compiled(sketch({ ...common, modalities, groups }));
  const names = modalities.map(({ name }) => name);
  const tensors = new Map(
    model.parameters.map(({ name, shape }, i): [string, Tensor] => {
      const data = new Float32Array(shape.reduce((p, n) => p * n, 1)).fill(i + 1);
      return [name, { dtype: "F32", shape, data }];
    }),
  );
  const of = new Map(model.parameters.map(({ name, source }) => [name, source.of]));
  const weights: FoundWeights = { from: "runs/dense", tensors, owners: { modalities: names, of } };
  return { model, names, weights };
}

const hybrid = (decouple: string): string => `
model {
  modality text: bytes
  modality codes: tokens(vocab: 9)
  d_model: 16
  block attend: attention { heads: 2, decouple: [${decouple}] }
  layers: attend
}
objective { text: cross_entropy, codes: cross_entropy }
data { source: emoji, length: 40 }
train { steps: 1, batch: 1 }
`;

const IN = "layers.0.mamba_model.in_proj.weight";
const inOf = (group: number): string => `layers.0.mamba_model.local_experts_in_proj.${group}.weight`;
const each = { groups: 2, of: [0, 1] };

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return `${error.message} | ${error.remedy}`;
    throw error;
  }
  return "no error";
};

describe("each weight of the model", () => {
  const dense = made([text, image]);

  test("is copied exactly from one with the same name and shape", () => {
    const { tensors, fates, unused } = startFrom(dense.weights, dense.model, dense.names, 1);
    expect(tensors).toEqual(dense.weights.tensors);
    expect(new Set(fates.values())).toEqual(new Set(["taken"]));
    expect(unused).toEqual([]);
  });

  test("is copied to every group if the source is shared", () => {
    const split = made([text, image], { in_proj: each, A: each });
    const { tensors, fates } = startFrom(dense.weights, split.model, split.names, 1);
    for (const group of [0, 1]) {
      expect(tensors.get(inOf(group))).toEqual(dense.weights.tensors.get(IN));
      expect(fates.get(inOf(group))).toBe("copied");
      expect(fates.get(`layers.0.mamba_model.local_experts_A_log.${group}`)).toBe("copied");
    }
    expect(fates.get("layers.0.mamba_model.out_proj.weight")).toBe("taken");
    const record = startRecord("runs/dense", { tensors, fates, unused: ["spare.weight"] }, split.model, nodeDisk);
    expect(record.parts.find(({ part }) => part === "in_proj")).toEqual({
      part: "in_proj",
      taken: { tensors: 0, numbers: 0 },
      copied: { tensors: 2, numbers: 2 * 64 * 16 },
      drawn: { tensors: 0, numbers: 0 },
    });
    expect(startText(record)).toMatch(/in_proj +– +2 \(2,048\) +–\n/);
    expect(startText(record)).toContain("1 not used by the model, such as spare.weight");
  });

  test("is drawn as without a checkpoint if the source lacks it", () => {
    const wider = made([text, image, speech], { in_proj: { groups: 3, of: [0, 1, 2] } });
    const source = made([text, image], { in_proj: each });
    const bare = new Map([...source.weights.tensors].filter(([name]) => !name.startsWith("patch_out")));
    const { tensors, fates } = startFrom({ ...source.weights, tensors: bare }, wider.model, wider.names, 5);
    for (const name of ["patch_out.image.weight", "patch_out.image.bias", inOf(2)]) {
      expect(fates.get(name)).toBe("drawn");
      const field = wider.model.parameters.find((p) => p.name === name);
      if (!field) throw new Error(name);
      const { initial, layer, part } = field.source;
      const key = { seed: 5, layer: layer >>> 0, part, group: field.group };
      expect(tensors.get(name)?.data).toEqual(initialValues(initial, field.shape, key));
    }
    expect([fates.get(inOf(0)), fates.get(inOf(1))]).toEqual(["taken", "taken"]);
  });

  test("comes from the copy that the group's modalities own, in any order and number", () => {
    const source = made([text, image, speech], { in_proj: { groups: 2, of: [0, 1, 0] } });
    const [first, second] = [0, 1].map((group) => source.weights.tensors.get(inOf(group)));
    const turned = made([image, text, speech], { in_proj: { groups: 3, of: [0, 1, 2] } });
    const { tensors } = startFrom(source.weights, turned.model, turned.names, 1);
    expect([0, 1, 2].map((group) => tensors.get(inOf(group)))).toEqual([second, first, first]);
  });

  test("may belong to an attention block", () => {
    const source = (decouple: string): Compiled => {
      const { spec } = check({ path: "a.mom", text: hybrid(decouple) }, () => undefined);
      if (!spec) throw new Error("the spec is invalid");
      return compiled(spec);
    };
    const [shared, split] = [source(""), source(ATTENTION_PARTS.join())];
    const tensors = new Map(
      shared.parameters.map(({ name, shape }): [string, Tensor] => [
        name,
        { dtype: "F32", shape, data: new Float32Array(shape.reduce((p, n) => p * n, 1)) },
      ]),
    );
    const { fates } = startFrom({ from: "shared", tensors, owners: undefined }, split, ["text", "codes"], 1);
    const ofBlock = [...fates].filter(([name]) => name.startsWith("layers."));
    expect(ofBlock.length).toBe(2 * (4 + 3 + 2));
    expect(new Set(ofBlock.map(([, fate]) => fate))).toEqual(new Set(["copied"]));
  });

  test("comes from the group with the same number if owners are unknown and the counts agree", () => {
    const split = made([text, image], { in_proj: each });
    const { tensors } = startFrom({ ...split.weights, owners: undefined }, split.model, ["b", "c"], 1);
    expect(tensors).toEqual(split.weights.tensors);
  });
});

describe("an error reports", () => {
  const split = made([text, image], { in_proj: each });
  const dense = made([text, image]);
  const start = (weights: FoundWeights, { model, names }: Pick<ReturnType<typeof made>, "model" | "names">) =>
    refusal(() => startFrom(weights, model, names, 1));
  const changed = (name: string, tensor: Partial<Tensor>): FoundWeights => {
    const whole = { ...dense.weights.tensors.get(name), ...tensor } as Tensor;
    return { ...dense.weights, tensors: new Map(dense.weights.tensors).set(name, whole) };
  };

  test("two shapes that disagree", () => {
    expect(start(changed("embed.weight", { shape: [40, 16], data: new Float32Array(640) }), dense)).toMatch(
      /embed\.weight has the shape \[50, 16\] in the spec, but \[40, 16\] in runs\/dense\. \| Use the .* vocabulary/,
    );
  });
  test("copies that would become shared, or fewer groups", () => {
    expect(start(split.weights, dense)).toMatch(
      /text and image have separate copies of .*in_proj\.weight, but share one in the spec.* \| Decouple that part/,
    );
    expect(start({ ...split.weights, owners: undefined }, dense)).toMatch(/2 copies of .*, but the spec has one/);
    const three = made([text, image, speech], { in_proj: { groups: 3, of: [0, 1, 2] } });
    const two = made([text, image, speech], { in_proj: { groups: 2, of: [0, 1, 0] } });
    expect(start(three.weights, two)).toContain("text and speech have separate copies");
    expect(start({ ...three.weights, owners: undefined }, two)).toMatch(/3 copies .* has 2; .* \| Use the folder/);
  });
  test("numbers that are not finite or not floating-point", () => {
    const data = new Float32Array(16).fill(Number.NaN, 3);
    expect(start(changed("norm.weight", { data }), dense)).toMatch(
      /norm\.weight in runs\/dense contains NaN at index 3/,
    );
    const whole = { dtype: "I32", data: new Int32Array(16) } as const;
    expect(start(changed("norm.weight", whole), dense)).toMatch(/has the type I32, not a floating-point type/);
  });
  test("a missing or duplicate copy", () => {
    const without = new Map([...split.weights.tensors].filter(([name]) => name !== inOf(0)));
    expect(start({ ...split.weights, tensors: without }, split)).toMatch(/has no copy of .* for group 0/);
    const twice = new Map(split.weights.tensors).set(IN, split.weights.tensors.get(inOf(0)) as Tensor);
    expect(start({ ...split.weights, tensors: twice }, split)).toMatch(/both shared and in groups/);
  });
  test("a huge group number, without allocating memory for it", () => {
    const wild = new Map(split.weights.tensors).set(inOf(4e9), split.weights.tensors.get(inOf(0)) as Tensor);
    expect(start({ ...split.weights, tensors: wild }, split)).toMatch(/has no copy of .* for group 2/);
  });
  test("a source without matching weights, with the prefix if one would match", () => {
    const under = new Map([...dense.weights.tensors].map(([name, tensor]) => [`model.${name}`, tensor]));
    expect(start({ ...dense.weights, tensors: under }, dense)).toContain('prefix: "model."');
    expect(start({ ...dense.weights, tensors: new Map() }, dense)).toMatch(
      /has no weight of the model: it has 0 tensors/,
    );
  });
});
