// The tensors that `mom trace` reads. A tensor that does not fit the spec is rejected by name.
import { beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../src/compile.js";
import type { Tensor } from "../../src/data/tensor.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import type { GivenTensors } from "../../src/train/given-tensors.js";
import { openModel } from "../../src/train/model.js";
import { trace } from "../../src/train/trace.js";
import { missingAdapter, testDevice } from "../gpu/adapter.js";
import { relativeError } from "../support/fixtures.js";
import { image, sketch, speech, text } from "../support/spec.js";

const B = 2;
const L = 24;
const spec = sketch({ modalities: [text, image], vocabulary: 40, d_model: 16, layers: 1, block: { d_state: 4 } });
/** Each sequence has three tokens, the 16 patches of a picture, and five tokens. */
const modality = Array.from({ length: B * L }, (_, r) => (r % L >= 3 && r % L < 19 ? 1 : 0));

const floats = (shape: number[], value = 0.5): Tensor => {
  const data = new Float32Array(shape.reduce((p, n) => p * n, 1)).fill(value);
  return { dtype: "F32", shape, data };
};
const whole = (values: readonly number[], shape = [B, L]): Tensor => ({
  dtype: "I32",
  shape,
  data: Int32Array.from(values),
});
const wide = (values: readonly number[]): Tensor => ({
  dtype: "I64",
  shape: [B, L],
  data: BigInt64Array.from(values, BigInt),
});
const batch = (step: number): [string, Tensor][] => [
  [`batch.${step}.modality`, whole(modality)],
  [`batch.${step}.tokens`, whole(modality.map((m, r) => (m === 1 ? -1 : r % 38)))],
  [`batch.${step}.noisy`, floats([B, L, 12])],
  [`batch.${step}.noise`, floats([B, L, 12], 0.25)],
  [`batch.${step}.timestep`, whole(modality.map((m) => 7 * m))],
];

const numbersOf = (tensors: GivenTensors, name: string): Float32Array => tensors.get(name)?.data as Float32Array;

const missing = await missingAdapter();
const options = { stack: false, steps: 1, prefix: "" };
let right: Map<string, Tensor>;
const tracing = async (file: GivenTensors, steps = 1) => trace(await testDevice(), spec, file, { ...options, steps });

/** The message of the error if these tensors replace valid ones. */
async function refusal(changes: readonly [string, Tensor | undefined][], steps = 1): Promise<string> {
  const file = new Map(right);
  for (const [name, tensor] of changes) {
    if (tensor) file.set(name, tensor);
    else file.delete(name);
  }
  const error = await tracing(file, steps).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InputError)) throw new Error("expected an InputError", { cause: error });
  expect(error.remedy).not.toBe("");
  return error.message;
}

describe.skipIf(missing)("mom trace", () => {
  beforeAll(async () => {
    // Parameters have the names and shapes of a checkpoint.
    const device = await testDevice();
    const phases = [{ name: "gradients", part: "model", noise: "given", gradients: true }] as const;
    const compiled = compile(spec, { profile: device.profile, batch: B, length: L, phases, variants: "first" });
    const model = await openModel(device, compiled);
    await model.initialise(1);
    right = new Map([...(await model.read("parameters")), ...batch(0)]);
    model.runtime.destroy();
  }, 60_000);

  test("starts with the states in the file, and returns the final ones", async () => {
    const words = sketch({ modalities: [text, speech], vocabulary: 40, d_model: 16, layers: 1, block: { d_state: 4 } });
    const still = { ...words, train: { ...words.train, optimizer: { ...words.train.optimizer, lr: 0 } } };
    const device = await testDevice();
    const run = async (file: GivenTensors): Promise<GivenTensors> => await trace(device, still, file, options);
    const parameters = [...right].filter(([name]) => !name.startsWith("batch."));
    /** Positions `first` to `first + length` of every sequence. */
    const file = (first: number, length: number, state: readonly [string, Tensor][] = []): GivenTensors => {
      const rows = [...modality.keys()].filter((r) => r % L >= first && r % L < first + length);
      const of = (value: (r: number) => number): Tensor => whole(rows.map(value), [B, length]);
      const tokens = of((r) => (5 * r) % 38);
      return new Map([
        ...parameters,
        ["batch.0.modality", of((r) => modality[r] as number)],
        ["batch.0.tokens", tokens],
        ...state,
      ]);
    };
    const zeros: [string, Tensor][] = [
      ["state.layers.0.h", floats([B, 4, 32], 0)],
      ["state.layers.0.conv", floats([B * 3, 32], 0)],
    ];
    const all = await run(file(0, L, zeros));
    expect(all.get("loss")).toEqual((await run(file(0, L))).get("loss"));
    const first = await run(file(0, 11, zeros));
    const handed = zeros.map(([name]): [string, Tensor] => [name, first.get(name.replace("state", "next")) as Tensor]);
    const second = await run(file(11, L - 11, handed));
    for (const name of ["next.layers.0.h", "next.layers.0.conv"]) {
      expect(relativeError(numbersOf(second, name), numbersOf(all, name)), name).toBeLessThan(1e-6);
    }
    await expect(run(file(0, L, zeros.slice(1)))).rejects.toThrow("The tensor state.layers.0.h is missing.");
    const narrow: [string, Tensor] = ["state.layers.0.h", floats([B, 3, 32])];
    await expect(run(file(0, L, [...zeros, narrow]))).rejects.toThrow("state.layers.0.h has the shape [2, 3, 32]");
  });

  test("reads the numbers of documents that do not see each other from the file", async () => {
    const apart = { ...spec, data: { ...spec.data, reset: true } };
    const made = async (document: readonly number[]): Promise<GivenTensors> => {
      const file = new Map(right).set("batch.0.document", whole(document));
      return await trace(await testDevice(), apart, file, options);
    };
    await expect(trace(await testDevice(), apart, right, options)).rejects.toThrow(
      "The tensor batch.0.document is missing.",
    );
    const none = modality.map(() => 0);
    await expect(made(none.map((_, r) => (r === 7 ? -2 : 0)))).rejects.toThrow("batch.0.document holds -2 at [0, 7]");
    const together = await tracing(right);
    expect((await made(none)).get("loss")).toEqual(together.get("loss"));
    expect((await made(none.map((_, r) => (r % L < 12 ? 0 : 1)))).get("loss")).not.toEqual(together.get("loss"));
  });

  test("reads integers of any width, and floating-point numbers of two", async () => {
    const made = await tracing(right);
    const file = new Map(right);
    file.set("batch.0.modality", { dtype: "U8", shape: [B, L], data: Uint8Array.from(modality) });
    file.set("batch.0.tokens", wide([...((right.get("batch.0.tokens") as Tensor).data as Int32Array)]));
    const { shape, data } = right.get("norm.weight") as Tensor;
    file.set("norm.weight", { dtype: "F64", shape, data: Float64Array.from(data as Float32Array) });
    const again = await tracing(file);
    expect([...again.keys()]).toEqual([...made.keys()]);
    expect(again.get("loss")).toEqual(made.get("loss"));
    expect(Number.isFinite(made.get("loss")?.data[0])).toBe(true);
  });

  const changed = (values: readonly number[], place: number, value: number): number[] =>
    values.map((old, r) => (r === place ? value : old));

  test.each<[string, [string, Tensor | undefined][], RegExp]>([
    ["a parameter is missing", [["norm.weight", undefined]], /^The tensor norm\.weight is missing\.$/],
    [
      "a parameter has another shape",
      [["norm.weight", floats([32])]],
      /^norm\.weight has the shape \[32\], but .* \[16\]\.$/,
    ],
    [
      "a parameter has integers",
      [["norm.weight", whole(new Array(16).fill(1), [16])]],
      /^norm\.weight has the type I32, not a floating-point type/,
    ],
    ["the batch is missing", [["batch.0.modality", undefined]], /^The tensor batch\.0\.modality is missing/],
    [
      "the batch has one dimension",
      [["batch.0.modality", whole(modality, [B * L])]],
      /^batch\.0\.modality has the shape \[48\]\.$/,
    ],
    [
      "the batch is empty",
      [["batch.0.modality", whole([], [0, 24])]],
      /^batch\.0\.modality has the shape \[0, 24\]\.$/,
    ],
    [
      "modalities are floating-point numbers",
      [["batch.0.modality", floats([B, L], 0)]],
      /^batch\.0\.modality has the type F32, not an integer type/,
    ],
    [
      "a modality is unknown",
      [["batch.0.modality", whole(changed(modality, 25, 2))]],
      /^batch\.0\.modality holds 2 at \[1, 1\]; the spec declares 2 modalities/,
    ],
    [
      "a modality is negative",
      [["batch.0.modality", whole(changed(modality, 0, -1))]],
      /^batch\.0\.modality holds -1 at \[0, 0\]/,
    ],
    [
      "a picture is incomplete",
      [
        ["batch.0.modality", whole(changed(modality, 18, 0))],
        ["batch.0.tokens", whole(modality)],
      ],
      /^Sequence 0 of batch\.0\.modality ends inside an item of image, which has 16 positions\.$/,
    ],
    [
      "an id is beyond the vocabulary",
      [["batch.0.tokens", whole(changed(new Array(B * L).fill(0), 2, 40))]],
      /^batch\.0\.tokens holds 40 at \[0, 2\]; the spec's vocabulary has 40 ids\.$/,
    ],
    [
      "an id is beyond 32 bits",
      [["batch.0.tokens", wide(changed(new Array(B * L).fill(0), 2, 2 ** 40))]],
      /^batch\.0\.tokens holds 1099511627776 at/,
    ],
    [
      "ids have another length",
      [["batch.0.tokens", whole(new Array(40).fill(0), [B, 20])]],
      /^batch\.0\.tokens has the shape \[2, 20\], but .* \[2, 24\]\.$/,
    ],
    [
      "patches have another size",
      [["batch.0.noisy", floats([B, L, 27])]],
      /^batch\.0\.noisy has the shape \[2, 24, 27\], but .* \[2, 24, 12\]\.$/,
    ],
    ["noise is missing", [["batch.0.noise", undefined]], /^The tensor batch\.0\.noise is missing\.$/],
    [
      "a timestep exceeds those of the objective",
      [["batch.0.timestep", whole(modality.map((m) => 1001 * m))]],
      /^batch\.0\.timestep holds 1001 at \[0, 3\]; the objective of image has 1000 steps\.$/,
    ],
  ])("rejects a file if %s", async (_, changes, message) => {
    expect(await refusal(changes)).toMatch(message);
  });

  test("rejects more steps than the file has batches, and a later batch of another shape", async () => {
    expect(await refusal([], 2)).toBe(
      "The tensor batch.1.modality is missing, but --steps 2 reads batch.0 to batch.1.",
    );
    const short: [string, Tensor] = ["batch.1.modality", whole(modality.slice(0, L), [1, L])];
    expect(await refusal([...batch(1), short], 2)).toMatch(
      /^batch\.1\.modality has the shape \[1, 24\], but .* \[2, 24\]\.$/,
    );
  });
});
