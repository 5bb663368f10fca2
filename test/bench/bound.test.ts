// The bound of a kernel's time: ceilings from synthetic measurements, bytes that must move, and the share of the bound.

import { expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { checkText } from "../../src/api/read-spec.js";
import { boundOf, bytesOf } from "../../src/bench/bench.js";
import { ceilingPlan, memoryCeilings, type WorkingSet } from "../../src/bench/ceilings.js";
import { programsOf, trainingOn } from "../../src/compile.js";
import type { Plan, Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import type { Program } from "../../src/ir/program.js";
import { reachOf } from "../../src/ir/reach.js";

const CEILINGS = { flopsPerSecond: 1e12, matrixFlopsPerSecond: 8e12, bytesPerSecond: 1e9 };
const CACHE = { bytesPerSecond: 4e9, bytes: 1e6 };

test.each([
  ["tile", 2e12, 1e8, undefined, 2, "f32 arithmetic"],
  ["matrix", 2e12, 1e8, undefined, 0.25, "matrix units"],
  // Three products for each product of the op.
  ["split", 2e12, 1e8, undefined, 0.75, "matrix units"],
  ["tile", 1e9, 2e9, undefined, 2, "memory"],
  // Bytes that the cache holds may not come from memory; 2e9 − 1e6 bytes must.
  ["tile", 1e9, 2e9, CACHE, 1.999, "memory"],
  ["tile", 1e5, 8e5, CACHE, 2e-4, "cache"],
  ["tile", 0, 0, CACHE, 0, "memory"],
] as const)("the bound of %s with %d FLOPs and %d bytes", (variant, flops, bytes, cache, seconds, limit) => {
  const found = boundOf({ variant, flops, bytes }, { ...CEILINGS, ...(cache && { cache }) });
  expect(found).toEqual({ seconds: expect.closeTo(seconds, 9), limit });
});

test("without matrix units, their variants are bound by f32 arithmetic", () => {
  const { matrixFlopsPerSecond: _, ...plain } = CEILINGS;
  expect(boundOf({ variant: "split", flops: 1e12, bytes: 0 }, plain)).toEqual({ seconds: 1, limit: "f32 arithmetic" });
});

const sets: WorkingSet[] = [512, 256, 128, 64].flatMap((bytes) => [
  { kind: "copy", bytes: 2 * bytes },
  { kind: "read", bytes },
]);

test("the memory's rate is the faster of reading and copying the largest sets; smaller sets that are faster are cached", () => {
  const at = (rates: readonly number[]): number[] => rates.map((rate, i) => (sets[i]?.bytes ?? 0) / rate);
  // Pairs of copy and read, from the largest.
  expect(memoryCeilings(sets, at([9, 10, 9, 10, 9, 10, 9, 10]))).toEqual({ bytesPerSecond: 10 });
  // Differences up to a tenth are noise, and small sets are slow because of launches.
  expect(memoryCeilings(sets, at([9, 10, 10.5, 10.9, 3, 4, 1, 1]))).toEqual({ bytesPerSecond: 10 });
  const found = memoryCeilings(sets, at([9, 10, 9, 10, 30, 10, 20, 40]));
  expect(found).toEqual({ bytesPerSecond: 10, cache: { bytesPerSecond: 40, bytes: 256 } });
  // As a result no measured set is faster than its own bound.
  for (const [i, seconds] of at([9, 10, 9, 10, 30, 10, 20, 40]).entries()) {
    const { seconds: bound } = boundOf(
      { variant: "", flops: 0, bytes: sets[i]?.bytes ?? 0 },
      { ...CEILINGS, ...found },
    );
    expect(bound / seconds).toBeLessThanOrEqual(1 + 1e-12);
  }
});

test("every set is measured twice in a row, in the order of the seconds, with the kernel of its size", () => {
  for (const kind of ["cpu", "gpu"] as const) {
    const { plan, sets } = ceilingPlan(kind, true);
    const nodes = (plan as Plan).phases.find(({ name }) => name === "memory")?.nodes ?? [];
    expect(nodes.length).toBe(2 * sets.length);
    const kernelOf = (i: number) => plan.kernels[nodes[i]?.choices[0]?.dispatches[0]?.kernel ?? -1]?.name;
    for (const [i, { kind, bytes }] of sets.entries())
      expect([kernelOf(2 * i), kernelOf(2 * i + 1)]).toEqual([`${kind}_${bytes}`, `${kind}_${bytes}`]);
  }
});

const { spec } = checkText(
  nodeDisk,
  `
model {
  modality text: bytes
  modality image: patches(size: 16x16, patch: 4x4, channels: 3)
  d_model: 16
  block mixer: mamba { d_state: 4, decouple: [in_proj] }
  layers: mixer
}
objective { text: cross_entropy, image: ddpm }
data { source: emoji, length: 128 }
train { steps: 1, batch: 2, optimizer: adamw(lr: 1e-3) }
`,
  "bound.mom",
);

/** Bytes of the first op of a kind, with these numbers of positions of text and image. */
function bytesAt(
  kind: string,
  positions: readonly [number, number],
  fits: (shape: readonly number[]) => boolean,
): number {
  const options = trainingOn(spec as NonNullable<typeof spec>, profileNamed("webgpu-default") as Profile);
  const program = programsOf(spec as NonNullable<typeof spec>, options)[0]?.final as Program;
  const reach = reachOf(program, [true, false]);
  const index = program.ops.findIndex((op) => {
    const ids = Object.values({ ...op.in, ...op.out }) as number[];
    return op.kind === kind && ids.some((id) => fits(program.tensors[id]?.shape ?? []));
  });
  const [op, at] = [program.ops[index], reach[index]];
  if (op === undefined || at === undefined) throw new Error(`no ${kind}`);
  return bytesOf(program, op, at, { positions, items: [0, positions[1] / 16] });
}

test("bytes count only what must move: looked-up rows, rows of the modalities reached, groups in the batch", () => {
  const any = () => true;
  // The table has 260 ids of 16 numbers. With fewer tokens, each reads one row. Per token: 4 bytes of id, 64 of output.
  const embed = bytesAt("embed", [96, 160], any);
  expect(embed).toBe(96 * (4 + 64 + 64));
  expect(bytesAt("embed", [256, 0], any) - embed).toBe((256 - 96) * (4 + 64 + 64));
  // The table of 1001 time steps is read only for the pictures' steps.
  expect(bytesAt("gather", [96, 160], any)).toBeLessThan(1001 * 256 * 4);
  // in_proj [2, 64, 16]: a batch of only text reads one of its groups.
  const isInProj = (shape: readonly number[]): boolean => shape.join() === "2,64,16";
  const both = bytesAt("linear", [96, 160], isInProj);
  expect(both - bytesAt("linear", [256, 0], isInProj)).toBe(64 * 16 * 4);
});
