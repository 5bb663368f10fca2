// Node keys, and the choice of the fastest variant. Neither needs a device.
import { describe, expect, test } from "vitest";
import { compile, programAfter, programsOf, type StageOutput, trainingOn } from "../../src/compile.js";
import { type Op, outputsOf } from "../../src/ir/op.js";
import { opKey, widthKey } from "../../src/ir/op-key.js";
import type { Profile } from "../../src/ir/plan.js";
import { PROFILES, profileNamed } from "../../src/ir/profiles.js";
import { tensorOf } from "../../src/ir/program.js";
import { settingsFor } from "../../src/kernels/draft.js";
import { kernelFor } from "../../src/kernels/emit.js";
import { selectKernels } from "../../src/kernels/select.js";
import { measuredAs, tunableNodes } from "../../src/tune/nodes.js";
import { judge } from "../../src/tune/right.js";
import { read, stored } from "../../src/tune/stored.js";
import { type Finding, winnerOf } from "../../src/tune/trial.js";
import { image, sketch, speech, text } from "../support/spec.js";

const sized = {
  modalities: [text, image, speech],
  vocabulary: 60,
  d_model: 16,
  layers: 3,
  block: { d_state: 4 },
  decouple: ["in_proj", "A"],
  attention: { heads: 2 },
  reset: true,
  train: { batch: 2 },
  length: 96,
} as const;
const spec = sketch(sized);

describe("the key of a node", () => {
  test("is shared only by nodes with the same kernels, sizes and workgroups", () => {
    for (const profile of PROFILES) {
      const settings = settingsFor(profile);
      const ran = new Map<string, string>();
      const keys = new Map<string, string>();
      let nodes = 0;
      for (const stage of programsOf(spec, trainingOn(spec, profile))) {
        const program = programAfter(stage, "narrow");
        for (const op of program.ops) {
          const runs = selectKernels(program, op, settings).map(({ variant, requires, scratch, dispatches }) => [
            [variant, requires, scratch],
            dispatches.map((d) => [kernelFor(d, variant).source, d.workgroups, d.bindings.map((b) => b.access)]),
          ]);
          const key = opKey(program, op);
          const kernels = JSON.stringify([op.kind, runs]);
          expect(ran.get(key) ?? kernels, key).toBe(kernels);
          ran.set(key, kernels);
          keys.set(kernels, key);
          nodes++;
        }
      }
      // There are three equal layers, and both phases have a forward pass.
      expect(ran.size).toBeLessThan(0.6 * nodes);
      // A few keys differ although they run the same code, on views of other places.
      expect(keys.size).toBeGreaterThan(0.9 * ran.size);
    }
  });

  test("does not depend on names, and the width key does not depend on rows", () => {
    const profile = profileNamed("swiftshader") as Profile;
    const keysOf = (of: typeof spec, batch: number, key = opKey) =>
      programsOf(of, { ...trainingOn(of, profile), batch }).flatMap((stage) => {
        const program = programAfter(stage, "narrow");
        return program.ops.map((op) => key(program, op));
      });
    const renamed = sketch({ ...sized, modalities: sized.modalities.map((m) => ({ ...m, name: `${m.name}2` })) });
    expect(keysOf(renamed, 2)).toEqual(keysOf(spec, 2));
    const [two, three] = [keysOf(spec, 2), keysOf(spec, 3)];
    expect(two.filter((key) => three.includes(key))).toEqual([]);
    expect(keysOf(spec, 3, widthKey)).toEqual(keysOf(spec, 2, widthKey));
    expect(keysOf(sketch({ ...sized, d_model: 32 }), 2, widthKey)).not.toEqual(keysOf(spec, 2, widthKey));
  });

  test("a measurement is valid only for the same candidates with the same kernels", () => {
    const [cpu, gpu] = [profileNamed("swiftshader"), profileNamed("nvidia-h100")] as [Profile, Profile];
    const names = (profiles: readonly Profile[], edit = "") =>
      tunableNodes(programsOf(spec, trainingOn(spec, cpu)), profiles, settingsFor(cpu)).map((node) =>
        measuredAs(node, (kernel) => ({ ...kernel, source: kernel.source + edit })),
      );
    expect(names([cpu])).toEqual(names([cpu]));
    expect(new Set(names([cpu])).size).toBe(names([cpu]).length);
    expect(names([cpu], "//").filter((name) => names([cpu]).includes(name))).toEqual([]);
    expect(names([gpu]).filter((name) => names([cpu]).includes(name))).toEqual([]);
    // Variants for CPUs need a CPU adapter, and variants for GPUs a GPU.
    expect(names([cpu, gpu]).length).toBeLessThan(names([cpu]).length);
  });
});

test("a plan has the chosen variants that its profile supports, and memory only for these", () => {
  const profile = profileNamed("webgpu-default") as Profile;
  const options = trainingOn(spec, profile);
  const plain = compile(spec, options);
  const variantsOf = ({ plan }: typeof plain) =>
    plan.phases.flatMap(({ nodes }) =>
      nodes.map(({ key, choices }) => [key, choices.map(({ variant }) => variant)] as const),
    );
  const taken = variantsOf(plain).flatMap(([key, [variant]]) => (key && variant === "block" ? [[key, "tile"]] : []));
  expect(taken.length).toBeGreaterThan(10);
  const choices = { ...Object.fromEntries(taken), "no such node": "tile" };
  const chosen = compile(spec, { ...options, choices });
  variantsOf(chosen).forEach(([key, variants], i) => {
    expect(variants).toEqual(key && key in choices ? ["tile"] : variantsOf(plain)[i]?.[1]);
  });
  const bytes = ({ plan }: typeof plain) => plan.buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  expect(bytes(chosen)).toBeLessThanOrEqual(bytes(compile(spec, { ...options, variants: "all" })));
  const beyond = Object.fromEntries(taken.map(([key]) => [key, "lanes"]));
  expect(compile(spec, { ...options, choices: beyond }).plan).toEqual(plain.plan);
});

describe("among several correct variants", () => {
  const won = (times: Readonly<Record<string, number | Finding>>) =>
    winnerOf(
      Object.keys(times),
      new Map(Object.entries(times).map(([name, t]) => [name, typeof t === "number" ? { milliseconds: t } : t])),
    );

  test("the fastest wins, and the earlier listed of equally fast ones", () => {
    expect(won({ a: 3, b: 1, c: 2 })).toBe("b");
    expect(won({ a: 1.019, b: 1, c: 1.001 })).toBe("a");
    expect(won({ a: 1.021, b: 1.001, c: 1 })).toBe("b");
  });

  test("one that is wrong or refused never wins", () => {
    expect(won({ a: { error: 1e-3 }, b: 9, c: { refused: "why" } })).toBe("b");
    expect(won({ a: { error: null } })).toBeUndefined();
  });
});

test("f16 numbers are rounded to the nearest, and read back", () => {
  const numbers = Float32Array.of(0, -1.5, 1 / 3, 1e-7, 65504, 1e6, -0.1);
  const bits = stored("f16", numbers);
  expect(bits.byteLength).toBe(16);
  const back = [...read("f16", bits)].slice(0, numbers.length);
  expect(back).toEqual([
    0,
    -1.5,
    0.333251953125,
    1.1920928955078125e-7,
    65504,
    Number.POSITIVE_INFINITY,
    -0.0999755859375,
  ]);
  expect(stored("f32", numbers)).toBe(numbers);
  expect([
    ...(stored(
      "f16",
      new Float32Array(9).map((_, i) => (i % 4) / 3),
      4,
    ) as Uint16Array),
  ]).toEqual([
    ...(stored(
      "f16",
      new Float32Array(9).map((_, i) => (i % 4) / 3),
    ) as Uint16Array),
  ]);
});

test("an f16 output, and a token loss that computes in f16, may have the error of rounding to f16", () => {
  const profile = profileNamed("nvidia-h100") as Profile;
  const inF16 = sketch({ ...sized, train: { batch: 2, precision: "f16" } });
  const [gradients] = programsOf(inF16, trainingOn(inF16, profile));
  const program = programAfter(gradients as StageOutput, "narrow");
  const off = (kind: string, error: number) => {
    const isF16 = (op: Op): boolean => op.kind !== "linear" || tensorOf(program, op.out.y).type === "f16";
    const op = program.ops.find((one) => one.kind === kind && isF16(one)) as Op;
    const outputs = outputsOf(op).map(() => [1]);
    return judge(
      { program, op },
      outputs.map(() => [1 + error]),
      outputs,
    );
  };
  for (const kind of ["linear", "token_loss"]) expect(off(kind, 4e-4)).toMatchObject({ right: true });
  for (const kind of ["linear", "token_loss"]) expect(off(kind, 6e-4)).toMatchObject({ right: false });
  expect(off("linear_dw", 4e-4)).toMatchObject({ right: false, error: expect.closeTo(4e-4, 8) });
  expect(off("linear_dw", 1e-5)).toMatchObject({ right: true });
  expect(off("linear", Number.NaN)).toEqual({ right: false, error: Number.NaN });
});
