// The device's choice of ids equals the float64 reference: temperature, top-k, top-p, ties, several ranges, bad logits.
import { describe, expect, test } from "vitest";
import { assemble } from "../../src/compile.js";
import { prepare } from "../../src/gpu/runtime.js";
import { build } from "../../src/ir/builder.js";
import { verify } from "../../src/ir/verify.js";
import { stream } from "../../src/random/stream.js";
import { chooseId, type Limits } from "../../src/reference/choose.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, values } from "../../src/reference/values.js";
import { missingAdapter, pipelinesOn, testDevice } from "../gpu/adapter.js";
import { called } from "../support/called.js";

const missing = await missingAdapter();

interface Asked {
  readonly logits: Float32Array;
  /** First and end of each range. */
  readonly allowed: readonly (readonly [number, number])[];
  readonly choosing: Limits;
}

const RUN = 12;
const RANGES = 3;

/** Numbers in [0, 1) that are evenly spaced, exact in f32. */
const uniform = (i: number): number => Math.floor(((i + 0.01) / (RUN - 0.9)) * 2 ** 24) / 2 ** 24;

function programOf(batch: number, V: number) {
  const b = build("choose", { batch, length: 1, chunk: 1, modalities: 1 });
  const logits = b.input("batch", called("logits"), [batch, V]);
  const allowed = b.input("batch", called("allowed"), [batch, 2 * RANGES], "u32");
  const choosing = b.input("batch", called("choosing"), [batch, 3]);
  const uniforms = b.input("batch", called("uniforms"), [batch, RUN]);
  const chosen = b.field("result", called("chosen"), [batch], "i32");
  const choices = b.field("result", called("choices"), [batch, RUN], "i32");
  const round = b.field("state", called("round"), [batch], "u32");
  b.op({ kind: "choose", in: { logits, allowed, choosing, uniforms }, out: { chosen, choices, round } });
  return { program: verify(b.program()), choices, chosen };
}

/** All choices of a run for each request, on the device and by the reference. */
async function choicesOf(asked: readonly Asked[]): Promise<{ device: number[][]; reference: number[][] }> {
  const V = asked[0]?.logits.length as number;
  const batch = asked.length;
  const { program, choices, chosen } = programOf(batch, V);
  const given: Record<string, number[]> = {
    modality: asked.map(() => 0),
    logits: asked.flatMap(({ logits }) => [...logits]),
    allowed: asked.flatMap(({ allowed }) => Array.from({ length: RANGES }, (_, i) => allowed[i] ?? [0, 0]).flat()),
    choosing: asked.flatMap(({ choosing: { temperature, topK, topP } }) =>
      [temperature, Math.min(topK, V), topP].map(Math.fround),
    ),
    uniforms: asked.flatMap(() => Array.from({ length: RUN }, (_, i) => uniform(i))),
  };
  const v = values(program, (name) => given[name]);
  const { device, profile } = await testDevice();
  const { plan } = assemble([program], { profile, variants: "first" });
  const runtime = await prepare(device, profile, plan, { pipelines: pipelinesOn({ device }) });
  for (const [name, numbers] of Object.entries(given)) {
    const field = plan.fields.find((one) => one.name === name);
    if (field) runtime.write(name, field.type === "f32" ? Float32Array.from(numbers) : Uint32Array.from(numbers));
  }
  for (let round = 0; round < RUN; round++) {
    runtime.run(["choose"]);
    evaluate(v);
  }
  const rows = (numbers: ArrayLike<number>): number[][] =>
    asked.map((_, b) => Array.from({ length: RUN }, (_, i) => numbers[b * RUN + i] as number));
  const found = { device: rows(new Int32Array(await runtime.read("choices"))), reference: rows(read(v, choices)) };
  expect([...new Int32Array(await runtime.read("chosen"))]).toEqual([...read(v, chosen)]);
  expect([...new Uint32Array(await runtime.read("round"))]).toEqual(asked.map(() => RUN));
  runtime.destroy();
  return found;
}

/**
 * Requires equal choices. Where rounding to f32 may decide, because the uniform number is near the border of two ids, the
 * device may choose what the reference chooses for a number just before or after it.
 */
async function compare(asked: readonly Asked[]): Promise<number[][]> {
  const { device, reference } = await choicesOf(asked);
  let near = 0;
  asked.forEach(({ logits, allowed, choosing }, b) => {
    const ids = allowed.flatMap(([first, end]) => Array.from({ length: end - first }, (_, i) => first + i));
    device[b]?.forEach((choice, i) => {
      if (choice === reference[b]?.[i]) return;
      near++;
      const around = [-1e-5, 1e-5].map((off) =>
        chooseId((id) => logits[id] as number, ids, choosing, uniform(i) + off),
      );
      expect(around, `sequence ${b}, round ${i}`).toContain(choice);
    });
  });
  expect(near).toBeLessThan(0.01 * RUN * asked.length);
  return device;
}

const ALL = { topK: Number.POSITIVE_INFINITY, topP: 1 };
const draw = stream("sample", 4);
const random = (V: number, spread: number): Float32Array => new Float32Array(V).map(() => spread * draw.normal());

describe.skipIf(missing)("the choice of ids on the device", () => {
  test("equals the reference at any temperature, top-k and top-p", async () => {
    const limits: Limits[] = [0, 0.3, 1, 4].flatMap((temperature) => [
      { temperature, ...ALL },
      { temperature, ...ALL, topK: 1 },
      { temperature, ...ALL, topK: 17 },
      { temperature, ...ALL, topP: 0.6 },
      { temperature, ...ALL, topP: 0.05 },
      { temperature, topK: 40, topP: 0.9 },
    ]);
    const ranges: Asked["allowed"][] = [
      [[0, 700]],
      [
        [3, 4],
        [20, 277],
        [600, 601],
      ],
    ];
    const device = await compare(
      ranges.flatMap((allowed) => limits.map((choosing) => ({ logits: random(700, 2), allowed, choosing }))),
    );
    expect(new Set(device.flat()).size).toBeGreaterThan(100);
  });

  test("the lower ids count as likelier among equals, and −0 equals 0", async () => {
    const logits = Float32Array.from({ length: 300 }, (_, id) => (id % 2 ? 0 : -0));
    const allowed = [[5, 295]] as const;
    const asked = [
      { temperature: 0, ...ALL },
      { temperature: 1, ...ALL, topK: 3 },
      { temperature: 1, ...ALL, topP: 0.11 },
      { temperature: 1, topK: 100, topP: 0.25 },
    ].map((choosing) => ({ logits, allowed, choosing }));
    const device = await compare(asked);
    expect(device.map((choices) => [Math.min(...choices), Math.max(...choices)])).toEqual([
      [5, 5],
      [5, 7],
      [5, 36],
      [5, 29],
    ]);
  });

  test("one id, no id, and logits that are not finite", async () => {
    const choosing = { temperature: 1, ...ALL };
    const bad = random(300, 1);
    [bad[290], bad[50], bad[20]] = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const device = await compare([
      { logits: bad, allowed: [[7, 8]], choosing },
      { logits: bad, allowed: [], choosing },
      { logits: bad, allowed: [[0, 20]], choosing: { temperature: 1, topK: 5, topP: 0.5 } },
      { logits: bad, allowed: [[0, 300]], choosing },
      {
        logits: bad,
        allowed: [
          [0, 4],
          [50, 300],
        ],
        choosing: { temperature: 0, ...ALL },
      },
      { logits: bad, allowed: [[51, 300]], choosing: { temperature: 1, topK: 5, topP: 0.5 } },
    ]);
    expect(device.map(([choice]) => choice)).toEqual([7, -1, device[2]?.[0], -83, -204, -1162]);
  });
});
