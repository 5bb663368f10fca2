// What weights start from: what is taken, copied or drawn by part and group, and what is refused with which remedy.

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

/** A compiled model, its modalities' names, and weights of it that are all different. */
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
  return "nothing was refused";
};

describe("what each weight becomes", () => {
  const dense = made([text, image]);

  test("equal names and shapes are taken, number by number", () => {
    const { tensors, fates, unused } = startFrom(dense.weights, dense.model, dense.names, 1);
    expect(tensors).toEqual(dense.weights.tensors);
    expect(new Set(fates.values())).toEqual(new Set(["taken"]));
    expect(unused).toEqual([]);
  });

  test("a shared weight is copied to every group", () => {
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

  test("what there is nothing for is drawn as it is without a checkpoint", () => {
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

  test("each group takes the copy that its modalities have, whatever their order and number", () => {
    const source = made([text, image, speech], { in_proj: { groups: 2, of: [0, 1, 0] } });
    const [first, second] = [0, 1].map((group) => source.weights.tensors.get(inOf(group)));
    const turned = made([image, text, speech], { in_proj: { groups: 3, of: [0, 1, 2] } });
    const { tensors } = startFrom(source.weights, turned.model, turned.names, 1);
    expect([0, 1, 2].map((group) => tensors.get(inOf(group)))).toEqual([second, first, first]);
  });

  test("the parts of an attention block, too", () => {
    const source = (decouple: string): Compiled => {
      const { spec } = check({ path: "a.mom", text: hybrid(decouple) }, () => undefined);
      if (!spec) throw new Error("the spec is wrong");
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

  test("without a word of who owns what, as many groups are taken by their numbers", () => {
    const split = made([text, image], { in_proj: each });
    const { tensors } = startFrom({ ...split.weights, owners: undefined }, split.model, ["b", "c"], 1);
    expect(tensors).toEqual(split.weights.tensors);
  });
});

describe("what is refused", () => {
  const split = made([text, image], { in_proj: each });
  const dense = made([text, image]);
  const start = (weights: FoundWeights, { model, names }: Pick<ReturnType<typeof made>, "model" | "names">) =>
    refusal(() => startFrom(weights, model, names, 1));
  const changed = (name: string, tensor: Partial<Tensor>): FoundWeights => {
    const whole = { ...dense.weights.tensors.get(name), ...tensor } as Tensor;
    return { ...dense.weights, tensors: new Map(dense.weights.tensors).set(name, whole) };
  };

  test("shapes that disagree, with both of them", () => {
    expect(start(changed("embed.weight", { shape: [40, 16], data: new Float32Array(640) }), dense)).toMatch(
      /embed\.weight is \[50, 16\] in the spec, and \[40, 16\] in runs\/dense\. \| Give the spec the .* vocabulary/,
    );
  });
  test("from decoupled to shared, and fewer groups than there were", () => {
    expect(start(split.weights, dense)).toMatch(
      /text and image have copies of .*in_proj\.weight of their own, and in the spec they share one.* \| Decouple that part/,
    );
    expect(start({ ...split.weights, owners: undefined }, dense)).toMatch(/2 copies of .* where the spec has one/);
    const three = made([text, image, speech], { in_proj: { groups: 3, of: [0, 1, 2] } });
    const two = made([text, image, speech], { in_proj: { groups: 2, of: [0, 1, 0] } });
    expect(start(three.weights, two)).toContain("text and speech have copies");
    expect(start({ ...three.weights, owners: undefined }, two)).toMatch(/3 copies .* has 2, .* \| Name the folder/);
  });
  test("numbers that are not finite, or not real", () => {
    const data = new Float32Array(16).fill(Number.NaN, 3);
    expect(start(changed("norm.weight", { data }), dense)).toMatch(/norm\.weight in runs\/dense holds NaN as number 3/);
    const whole = { dtype: "I32", data: new Int32Array(16) } as const;
    expect(start(changed("norm.weight", whole), dense)).toMatch(/has the type I32, and weights are real numbers/);
  });
  test("a copy that is missing, or there twice", () => {
    const without = new Map([...split.weights.tensors].filter(([name]) => name !== inOf(0)));
    expect(start({ ...split.weights, tensors: without }, split)).toMatch(/lacks the copy of .* for group 0/);
    const twice = new Map(split.weights.tensors).set(IN, split.weights.tensors.get(inOf(0)) as Tensor);
    expect(start({ ...split.weights, tensors: twice }, split)).toMatch(/both shared and in groups/);
  });
  test("a group number beyond all sense costs no memory", () => {
    const wild = new Map(split.weights.tensors).set(inOf(4e9), split.weights.tensors.get(inOf(0)) as Tensor);
    expect(start({ ...split.weights, tensors: wild }, split)).toMatch(/lacks the copy of .* for group 2/);
  });
  test("nothing that fits, with the prefix where there is one", () => {
    const under = new Map([...dense.weights.tensors].map(([name, tensor]) => [`model.${name}`, tensor]));
    expect(start({ ...dense.weights, tensors: under }, dense)).toContain('prefix: "model."');
    expect(start({ ...dense.weights, tensors: new Map() }, dense)).toMatch(/holds no weight of the model: it holds 0/);
  });
});
