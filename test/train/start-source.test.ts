// Weights saved by other programs: bfloat16, unused tensors, several files with an index.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { type Compiled, compile, TRAINING_PHASES } from "../../src/compile.js";
import { readSafetensors, writeSafetensors } from "../../src/data/safetensors.js";
import type { StoredTensor, Tensor } from "../../src/data/tensor.js";
import { InputError } from "../../src/diagnostics/input-error.js";
import { check } from "../../src/front/check.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { startFrom } from "../../src/train/start.js";
import { readWeights } from "../../src/train/start-source.js";

const CASES = fileURLToPath(new URL("../cases/weights/", import.meta.url));
const read = (name: string) => readSafetensors(readFileSync(join(CASES, name)), name).tensors;

const spec = check(
  { path: "spec.mom", text: readFileSync(join(CASES, "spec.mom"), "utf8") },
  () => undefined,
  () => undefined,
).spec as CheckedSpec;
const model: Compiled = compile(spec, {
  profile: profileNamed("webgpu-default") as Profile,
  batch: 1,
  length: 40,
  phases: TRAINING_PHASES,
  variants: "first",
});

const found = (path: string, shown = "weights") =>
  readWeights({ kind: "checkpoint", path: shown }, path, nodeDisk).weights;
const started = (path: string) => startFrom(found(path), model, ["text"], 1);

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof InputError) return `${error.message} | ${error.remedy}`;
    throw error;
  }
  return "no error";
};

const numbers = (tensor: StoredTensor | undefined): Float32Array => tensor?.data as Float32Array;
const bitsOf = (tensor: StoredTensor | undefined): number[] => [...new Uint32Array(numbers(tensor).slice().buffer)];

describe("one file", () => {
  test("bfloat16: every number is the nearest one with 8 significant bits", () => {
    const original = read("f32.safetensors");
    const { tensors, fates } = started(join(CASES, "bf16.safetensors"));
    expect(new Set(fates.values())).toEqual(new Set(["taken"]));
    for (const [name, tensor] of tensors) {
      const nearest = bitsOf(original.get(name)).map((bits) => {
        const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
        return (rounded - (rounded % 65536)) % 2 ** 32;
      });
      expect(bitsOf(tensor), name).toEqual(nearest);
    }
  });

  test("unused tensors, one of them boolean, are reported and change nothing else", () => {
    const without = started(join(CASES, "f32.safetensors"));
    const { tensors, unused } = started(join(CASES, "bool-buffer.safetensors"));
    expect(tensors).toEqual(without.tensors);
    const file = read("bool-buffer.safetensors");
    expect(unused.map((name) => file.get(name)?.dtype)).toEqual(["I64", "unread"]);
    expect([...file.values()].at(-1)).toEqual({ dtype: "unread", stored: "BOOL", shape: [2, 2] });
  });
});

describe("a folder", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mom-weights-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, contents: string | Uint8Array): string => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), contents);
    return join(folder, name);
  };

  const all = [...read("f32.safetensors")] as [string, Tensor][];
  const [first, second] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] as const;
  const INDEX = "model.safetensors.index.json";
  /** Two shards. The first has a tensor that the index does not list. */
  const shard = (map = (_: string, i: number): unknown => (i % 2 === 0 ? first : second)): string => {
    const odd = all.filter((_, i) => i % 2 === 1);
    const even = all.filter((_, i) => i % 2 === 0);
    const stale: Tensor = { dtype: "F32", shape: [1], data: Float32Array.of(7) };
    write(first, writeSafetensors(new Map([...even, ["stale", stale], [odd[0]?.[0] as string, stale]])));
    write(second, writeSafetensors(new Map(odd)));
    const weight_map = Object.fromEntries(all.map(([name], i) => [name, map(name, i)]));
    return write(INDEX, JSON.stringify({ metadata: { total_size: 1 }, weight_map }));
  };

  test("shards are read as one model, by the path of their folder or of the index", () => {
    const index = shard();
    const whole = found(join(CASES, "f32.safetensors")).tensors;
    expect(new Map([...found(folder).tensors].sort())).toEqual(new Map([...whole].sort()));
    expect(found(index).tensors).toEqual(found(folder).tensors);
    expect(found(index).tensors.has("stale")).toBe(false);
  });

  test("one file as transformers saves it", () => {
    write("model.safetensors", readFileSync(join(CASES, "f32.safetensors")));
    expect(found(folder).tensors).toEqual(read("f32.safetensors"));
    shard();
    expect(refusal(() => found(folder))).toMatch(/has both model\.safetensors and .*Use the path of one of them/);
  });

  test.each<[unknown, string]>([
    ["../f32.safetensors", "a file in another folder"],
    ["inner/a.safetensors", "a file in an inner folder"],
    ["inner\\a.safetensors", "the same with a Windows separator"],
    ["C:a.safetensors", "another drive"],
    ["..", "the parent folder"],
    ["", "an empty name"],
    ["a\0b", "a null character"],
    [3, "a number"],
    [["a"], "a list"],
  ])("weight_map with %j is rejected: %s", (file) => {
    shard((_, i) => (i === 0 ? file : second));
    expect(refusal(() => found(folder))).toMatch(/weight_map: ".*" is not in a file beside the index \| Download/);
  });

  test("files that do not fit together are rejected by name", () => {
    shard((_, i) => (i === 0 ? second : i % 2 === 0 ? first : second));
    expect(refusal(() => found(folder))).toContain(
      `lists the tensor "${all[0]?.[0]}" in weights/${second}, but it is missing there`,
    );
    shard();
    rmSync(join(folder, second));
    expect(refusal(() => found(folder))).toMatch(
      /but weights\/model-00002-of-00002\.safetensors is missing\. \| Add that/,
    );
    write(second, "version https://git-lfs.github.com/spec/v1\noid sha256:1\n");
    expect(refusal(() => found(folder))).toMatch(/model-00002-of-00002\.safetensors is not .* Git LFS.*git lfs pull/);
  });

  test.each([
    ["{", /not JSON/],
    ["[1]", /no `weight_map`/],
    ['{"weight_map": []}', /no `weight_map`/],
    ['{"weight_map": {}}', /weight_map is empty/],
    ['{"weight_map": {"a": "x", "a": "y"}}', /names "a" twice/],
    ['{"weight_map": {"a": "x"}, "weight_map": {"a": "y"}}', /names "weight_map" twice/],
  ])("an index %j is rejected", (text, message) => {
    write(INDEX, text);
    expect(refusal(() => found(folder))).toMatch(message);
  });

  test("a pickle of any name is rejected with the line that converts it", () => {
    const pickle = Buffer.from("PK\x03\x04\0\0\x08\x08\0\0archive/data.pkl", "latin1");
    for (const path of [write("a/pytorch_model.bin", pickle), write("b/model.safetensors", pickle)]) {
      expect(refusal(() => found(path))).toMatch(/zip archive.*torch\.load/);
      expect(refusal(() => found(dirname(path)))).toMatch(/zip archive.*torch\.load/);
    }
  });

  test("a needed tensor of an unsupported type is rejected by name", () => {
    const [name, { shape }] = all[0] as [string, Tensor];
    const bytes = shape.reduce((product, n) => product * n, 1);
    const header = JSON.stringify({ [name]: { dtype: "F8_E4M3", shape, data_offsets: [0, bytes] } });
    const file = Buffer.alloc(8 + header.length + bytes);
    file.writeBigUInt64LE(BigInt(header.length));
    file.write(header, 8);
    const message = refusal(() => started(write("f8.safetensors", file)));
    expect(message).toMatch(`${name} in weights has the type F8_E4M3, which is not supported. | Convert it to F32`);
  });
});
