// Specs with attention blocks: parameters, memory, names and initial values.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ATTENTION_PARTS, autoFfn } from "../../src/blocks/attention.fields.js";
import { rotaryTable } from "../../src/blocks/rotary.js";
import { type CompileOptions, compile, TRAINING_PHASES } from "../../src/compile.js";
import { isError } from "../../src/diagnostics/diagnostic.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { inspect } from "../../src/inspect/inspection.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { lower } from "../../src/passes/lower.js";
import { initialValues } from "../../src/train/initialise.js";
import { ROOT } from "../support/mom.js";

const parse = (text: string, path = "a.mom"): CheckedSpec => {
  const read = (file: string) => ({ path: file, text: readFileSync(join(ROOT, file), "utf8") });
  const { spec, diagnostics } = check({ path, text }, read);
  expect(diagnostics.filter(isError)).toEqual([]);
  return spec as CheckedSpec;
};

const transformer = (fields: string, names: readonly [string, string] = ["text", "speech"]): CheckedSpec =>
  parse(
    `model {
  modality ${names[0]}: tokens(vocab: 1000)
  modality ${names[1]}: codes
  d_model: 64
  block attend: attention { ${fields} }
  layers: 3 * attend
}
objective { ${names[0]}: cross_entropy, ${names[1]}: cross_entropy }
data { source: emoji, length: 64 }
train { steps: 1, batch: 2 }`.replace("codes", "tokens(vocab: 500)"),
  );

const options = (spec: CheckedSpec, length = spec.data.length): CompileOptions => ({
  profile: profileNamed("webgpu-default") as Profile,
  batch: 2,
  length,
  phases: TRAINING_PHASES,
  variants: "first",
});

const ALL = ATTENTION_PARTS.join(", ");

test("a decoupled Transformer of two modalities has as many parameters as counted by hand", () => {
  const spec = transformer(`heads: 8, kv_heads: 2, ffn: 96, decouple: [${ALL}]`);
  const { parameters, modalities } = inspect(spec, options(spec));
  // Heads have 8 columns. q and o are 64 × 64, k and v 16 × 64.
  const layer = 2 * 64 * 64 + 2 * 16 * 64 + 3 * 64 * 96 + 2 * 64;
  expect(layer).toBe(28_800);
  // 1500 ids, including the markers.
  const ends = 2 * 1500 * 64 + 64;
  expect(parameters.total).toBe(3 * 2 * layer + ends);
  expect(parameters.active).toBe(3 * layer + ends);
  expect(modalities.map((m) => m.parameters)).toEqual([3 * layer + ends, 3 * layer + ends]);
  const part = (name: string) => parameters.parts.find((p) => p.part === name);
  expect(part("wk")).toEqual({ part: "wk", total: 3 * 2 * 16 * 64, active: 3 * 16 * 64 });
  expect(part("feed_forward.w2")?.total).toBe(3 * 2 * 64 * 96);
  expect(part("attention_norm")?.total).toBe(3 * 2 * 64);
});

test("a block without a feed-forward has no tensors for it, and `auto` is the size of Llama", () => {
  const none = inspect(transformer("heads: 4, ffn: none"), options(transformer("heads: 4, ffn: none")));
  expect(none.parameters.layers[0]?.total).toBe(3 * (4 * 64 * 64 + 64));
  // LLaMA 7B has 11008 for 4096. 2/3 of 4·64 is 170, rounded up to 256.
  expect([autoFfn(4096), autoFfn(64), autoFfn(2048)]).toEqual([11008, 256, 5632]);
  expect(transformer("heads: 4").model.blocks[0]?.fields).toMatchObject({ ffn: 256, kv_heads: 4, spans: "both" });
});

test("shared tensors have the names of Llama, decoupled ones those of Mixture-of-Transformers", () => {
  const names = (fields: string): string[] =>
    compile(transformer(fields), options(transformer(fields))).parameters.map(({ name }) => name);
  expect(names("heads: 4").filter((name) => name.startsWith("layers.1."))).toEqual([
    "layers.1.attention_norm.weight",
    "layers.1.attention.wq.weight",
    "layers.1.attention.wk.weight",
    "layers.1.attention.wv.weight",
    "layers.1.attention.wo.weight",
    "layers.1.ffn_norm.weight",
    "layers.1.feed_forward.w1.weight",
    "layers.1.feed_forward.w3.weight",
    "layers.1.feed_forward.w2.weight",
  ]);
  const split = names(`heads: 4, decouple: [${ALL}]`);
  for (const name of [
    "layers.0.local_experts_attention_norm.1.weight",
    "layers.0.attention.local_experts_wq.0.weight",
    "layers.0.attention.local_experts_wo.1.weight",
    "layers.0.local_experts_ffn_norm.0.weight",
    "layers.2.feed_forward.local_experts.1.w2.weight",
  ]) {
    expect(split).toContain(name);
  }
  expect(split.length).toBe(3 + 3 * 2 * 9);
});

test("all modalities in one group give the shared model, and names of modalities have no effect", () => {
  const plans = [
    transformer("heads: 4"),
    transformer(`heads: 4, decouple: [${ATTENTION_PARTS.map((p) => `${p}(groups: [[speech, text]])`).join(", ")}]`),
    transformer("heads: 4", ["b", "a"]),
  ].map((spec) => compile(spec, options(spec)));
  for (const { plan, parameters } of plans.slice(1)) {
    expect(plan).toEqual(plans[0]?.plan);
    expect(parameters).toEqual(plans[0]?.parameters);
  }
  const [one, other] = (["text speech", "b a"] as const).map((names) => {
    const spec = transformer(`heads: 4, decouple: [${ALL}]`, names.split(" ") as [string, string]);
    return compile(spec, options(spec));
  });
  expect(other?.plan).toEqual(one?.plan);
  expect(other?.parameters).toEqual(one?.parameters);
});

test("the first group of a decoupled part has the initial values of the shared part, the second has others", () => {
  const of = (fields: string, name: string): Float32Array => {
    const spec = transformer(fields);
    const field = compile(spec, options(spec)).parameters.find((p) => p.name === name);
    if (field === undefined) throw new Error(`There is no ${name}.`);
    const { initial, layer, part } = field.source;
    return initialValues(initial, field.shape, { seed: 1, layer, part, group: field.group });
  };
  const shared = of("heads: 4", "layers.0.attention.wk.weight");
  expect(of("heads: 4, decouple: [k_proj]", "layers.0.attention.local_experts_wk.0.weight")).toEqual(shared);
  expect(of("heads: 4, decouple: [k_proj]", "layers.0.attention.local_experts_wk.1.weight")).not.toEqual(shared);
  expect(of("heads: 4", "layers.0.attention.wv.weight")).not.toEqual(shared);
});

test("memory grows linearly with the length", () => {
  const spec = transformer("heads: 4");
  const bytes = [1024, 2048, 4096].map((length) => {
    const { memory } = inspect(spec, options(spec, length));
    if ("pieces" in memory) throw new Error("The model does not fit.");
    return memory.roles.filter(({ role }) => role !== "optimizer").reduce((s, r) => s + r.bytes, 0);
  }) as [number, number, number];
  const slopes = [(bytes[1] - bytes[0]) / 1024, (bytes[2] - bytes[1]) / 2048];
  expect((slopes[1] as number) / (slopes[0] as number)).toBeGreaterThan(0.99);
  expect((slopes[1] as number) / (slopes[0] as number)).toBeLessThan(1.01);
});

test("a gradient through a cache is an error", () => {
  const size = { batch: 1, length: 4, chunk: 4, part: "stack", noise: "given", state: "carried", cache: 8 } as const;
  const program = lower(transformer("heads: 4"), size);
  expect(program.tensors.find(({ name }) => name === "next.layers.0.k")?.shape).toEqual([8, 64]);
  expect(() => differentiate(program)).toThrow("a cache has no gradient");
});

test("the table of RoPE is computed in float64, because f32 cosines are inaccurate at large positions", () => {
  const table = rotaryTable(10_000, 4, 5001);
  const angle = 5000 / 100;
  expect(table[5000 * 4]).toBe(Math.fround(Math.cos(5000)));
  expect(table[5000 * 4 + 1]).toBe(Math.fround(Math.sin(5000)));
  expect(table[5000 * 4 + 2]).toBeCloseTo(Math.cos(angle), 7);
  expect(table[5000 * 4 + 3]).toBeCloseTo(Math.sin(angle), 7);
});

const BASELINES = join(ROOT, "specs/baselines");
test.each(readdirSync(BASELINES))("specs/baselines/%s passes check and inspect", (file) => {
  const path = `specs/baselines/${file}`;
  const spec = parse(readFileSync(join(ROOT, path), "utf8"), path);
  const { parameters, memory, kernels } = inspect(spec, options(spec));
  expect(parameters.total).toBeGreaterThan(parameters.active - 1);
  expect("total" in memory && kernels !== undefined).toBe(true);
});
