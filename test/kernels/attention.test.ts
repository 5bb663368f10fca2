// The kernels of attention and RoPE match the float64 reference at awkward sizes. A software adapter takes ten seconds to
// compile a tiled kernel with bounds checks and one second without. It therefore runs tiled kernels without checks and
// only in the marked cases. With $MOM_TEST_THOROUGH it runs all of them with checks. Kernels on matrix units run where there
// are some, and with $MOM_TEST_THOROUGH also on an emulation, where there is f16.
import { beforeAll, describe, expect, test } from "vitest";
import type { OpenDevice } from "../../src/gpu/dawn.js";
import { build } from "../../src/ir/builder.js";
import { admits, type Profile } from "../../src/ir/plan.js";
import type { Program } from "../../src/ir/program.js";
import type { TensorId } from "../../src/ir/tensor.js";
import { verify } from "../../src/ir/verify.js";
import { DEFAULT_SETTINGS } from "../../src/kernels/draft.js";
import { selectKernels } from "../../src/kernels/select.js";
import { stream } from "../../src/random/stream.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { type Values, values } from "../../src/reference/values.js";
import { freshDevice, missingAdapter, testDevice } from "../gpu/adapter.js";
import { emulating } from "../gpu/emulated-units.js";
import { called } from "../support/called.js";
import { everyOp } from "./every-op.js";

const missing = await missingAdapter();
const hasUnits = missing === undefined && (await testDevice()).profile.matrix;
const emulates = missing === undefined && !hasUnits && (await testDevice()).profile.f16;
const TOLERANCE = 1e-5;
/** The tolerance for f16, whose last bit is 2^-11 of a number. */
const F16_TOLERANCE = 5e-4;

type Ranges = "causal" | "pictures" | "documents" | "cached";
interface Case {
  readonly batch: number;
  readonly queries: number;
  /** Larger than `queries` with a cache. */
  readonly keys?: number;
  readonly heads: number;
  readonly kv_heads: number;
  readonly head: number;
  readonly ranges: Ranges;
  /** Whether queries, keys and values are columns of one tensor. */
  readonly fused?: true;
  /** Whether a software adapter also runs the tiled variants. */
  readonly tiles?: true;
}

const CASES: readonly Case[] = [
  { batch: 1, queries: 1, heads: 1, kv_heads: 1, head: 1, ranges: "causal" },
  { batch: 3, queries: 2, heads: 3, kv_heads: 1, head: 7, ranges: "causal" },
  { batch: 2, queries: 63, heads: 4, kv_heads: 2, head: 5, ranges: "pictures" },
  { batch: 2, queries: 64, heads: 2, kv_heads: 2, head: 16, ranges: "documents" },
  { batch: 2, queries: 65, heads: 4, kv_heads: 1, head: 20, tiles: true, ranges: "pictures", fused: true },
  { batch: 2, queries: 129, heads: 2, kv_heads: 1, head: 33, tiles: true, ranges: "documents" },
  { batch: 1, queries: 129, heads: 2, kv_heads: 2, head: 8, ranges: "pictures", fused: true },
  { batch: 1, queries: 65, heads: 1, kv_heads: 1, head: 256, ranges: "causal" },
  { batch: 2, queries: 5, keys: 70, tiles: true, heads: 2, kv_heads: 1, head: 6, ranges: "cached" },
];

/** Cases for matrix units, whose heads are multiples of eight. */
const UNITS: readonly Case[] = [
  { batch: 2, queries: 5, keys: 70, heads: 2, kv_heads: 2, head: 8, ranges: "cached" },
  { batch: 2, queries: 131, heads: 4, kv_heads: 2, head: 24, ranges: "pictures" },
  { batch: 1, queries: 197, heads: 2, kv_heads: 1, head: 64, ranges: "documents" },
  { batch: 1, queries: 70, heads: 1, kv_heads: 1, head: 128, ranges: "causal" },
];

/** The first and last key of each position of a sequence. */
function rangeOf(ranges: Ranges, t: number, { queries, keys = queries }: Case): [number, number] {
  switch (ranges) {
    case "causal":
      return [0, t];
    case "pictures": {
      // Pictures of 16 positions with 7 others between them.
      const place = t % 23;
      return [0, place < 7 ? t : Math.min(t + 22 - place, queries - 1)];
    }
    case "documents":
      return [t - (t % 29), t];
    case "cached":
      return [3, keys - queries + t];
  }
}

/** A program of attention and its gradients. With `fused`, q, k and v are columns of one tensor, and dq of another. */
function programOf(sizes: Case): Program {
  const { batch, queries, keys = queries, heads, kv_heads, head, fused } = sizes;
  const b = build("attention", { batch, length: queries, chunk: queries, modalities: 1 });
  const [R, S] = [batch * queries, batch * keys];
  const [wide, narrow] = [heads * head, kv_heads * head];
  const views = new Map<TensorId, { of: TensorId; column: number }>();
  const within = (name: string, columns: number, of: TensorId, column: number): TensorId => {
    const id = b.tensor("value", name, [R, columns]);
    views.set(id, { of, column });
    return id;
  };
  const qkv = b.field("batch", called("qkv"), [R, wide + 2 * narrow + 3]);
  const dqStorage = b.tensor("value", "dq and more", [R, wide + 8]);
  const q = fused ? within("q", wide, qkv, 1) : b.input("batch", called("q"), [R, wide]);
  const k = fused ? within("k", narrow, qkv, 1 + wide) : b.input("batch", called("k"), [S, narrow]);
  const v = fused ? within("v", narrow, qkv, 1 + wide + narrow) : b.input("batch", called("v"), [S, narrow]);
  const dq = fused ? within("dq", wide, dqStorage, 4) : b.tensor("value", "dq", [R, wide]);
  const [dk, dv] = [b.tensor("value", "dk", [S, narrow]), b.tensor("value", "dv", [S, narrow])];
  const range = b.input("batch", called("keys"), [R, 2], "i32");
  const dy = b.input("batch", called("dy"), [R, wide]);
  const [y, lse] = [b.tensor("value", "y", [R, wide]), b.tensor("value", "lse", [R, heads])];
  b.op({ kind: "attention", in: { q, k, v, keys: range }, out: { y, lse }, heads, kv_heads });
  b.op({ kind: "attention_grad", in: { dy, q, k, v, keys: range, y, lse }, out: { dq, dk, dv }, heads, kv_heads });
  const program = b.program();
  const tensors = program.tensors.map((tensor) => {
    const view = views.get(tensor.id);
    return view ? { ...tensor, view } : tensor;
  });
  return verify({ ...program, tensors });
}

/** A program with its operands and results in f16. */
const narrowed = (program: Program): Program => ({
  ...program,
  tensors: program.tensors.map((tensor) =>
    tensor.type === "f32" && tensor.name !== "lse" && tensor.name !== "modality" ? { ...tensor, type: "f16" } : tensor,
  ),
});

interface Numbers {
  readonly f16?: boolean;
  /** The standard deviation of all numbers; large ones make weights that differ by many orders of magnitude. */
  readonly spread?: number;
  /** By which dy is larger. */
  readonly slopes?: number;
}

function known(sizes: Case, { f16 = false, spread = 1, slopes = 1 }: Numbers = {}): Values {
  const program = f16 ? narrowed(programOf(sizes)) : programOf(sizes);
  const s = stream("sample", 11);
  const v = values(program, (name, size) => {
    if (name === "modality") return new Float64Array(size);
    if (name === "keys") {
      return Array.from({ length: size / 2 }, (_, r) => rangeOf(sizes.ranges, r % sizes.queries, sizes)).flat();
    }
    return Array.from({ length: size }, () => (name === "dy" ? slopes : 1) * spread * s.normal());
  });
  // A view shares the numbers of its tensor.
  for (const { id, view, shape } of program.tensors) {
    const numbers = view && v.of.get(view.of);
    if (!numbers) continue;
    const [rows, columns] = shape as [number, number];
    const stride = numbers.length / rows;
    v.of.set(
      id,
      Float64Array.from({ length: rows * columns }, (_, i) => {
        return numbers[Math.floor(i / columns) * stride + view.column + (i % columns)] as number;
      }),
    );
  }
  return evaluate(v);
}

const label = ({ batch, queries, keys, heads, kv_heads, head, ranges }: Case): string =>
  `${batch} × ${queries}${keys ? ` of ${keys}` : ""}, ${heads}/${kv_heads} heads of ${head}, ${ranges}`;

describe.skipIf(missing)("attention", () => {
  let opened: OpenDevice;
  let unchecked: OpenDevice;
  beforeAll(async () => {
    opened = await testDevice();
    unchecked = thorough() ? opened : await freshDevice(undefined, true);
  });
  const limited = (variant: string): Profile => {
    const { profile } = opened;
    if (variant === "row") return { ...profile, kind: "cpu" };
    const workgroupBytes = variant === "tile-32" ? 16384 : profile.limits.workgroupBytes;
    return { ...profile, kind: "gpu", limits: { ...profile.limits, workgroupBytes, storageBuffers: 8 } };
  };
  const thorough = (): boolean => opened.profile.kind === "gpu" || Boolean(process.env.MOM_TEST_THOROUGH);

  test.each(CASES.map((sizes) => [label(sizes), sizes] as const))(
    "kernels match the reference: %s",
    async (_, sizes) => {
      const v = known(sizes);
      for (const variant of ["row", ...(thorough() || sizes.tiles ? ["tile-32", "tile-64"] : [])]) {
        const { device } = variant === "row" ? opened : unchecked;
        const differences = await everyOp(device, limited(variant), v);
        expect([...new Set(differences.map((d) => `${d.op} ${d.variant}`))]).toEqual([
          `attention ${variant}`,
          `attention_grad ${variant}`,
        ]);
        // The weight of a single key is always 1. The gradients of q and k are differences of numbers near 1, so their
        // errors are relative to 1e-6.
        const limit = ({ what }: { what: string }): number =>
          sizes.queries === 1 && /d[qk]$/.test(what) ? 1 : TOLERANCE;
        expect(differences.filter((found) => !(found.error < limit(found)))).toEqual([]);
      }
    },
  );

  const onUnits = async (sizes: Case, device: GPUDevice, profile: Profile, numbers: Numbers): Promise<string[]> => {
    const v = known(sizes, numbers);
    const settings = { ...DEFAULT_SETTINGS, splitFrom: 0 };
    const offered = v.program.ops.flatMap((op) =>
      selectKernels(v.program, op, settings).filter(({ requires }) => requires.matrix && admits(profile, requires)),
    );
    const variants = [...new Set(offered.map(({ variant }) => variant))];
    for (const variant of variants) {
      const differences = await everyOp(device, profile, v, { variant, settings });
      expect(differences.some((found) => found.variant === variant)).toBe(true);
      const limit = numbers.f16 ? F16_TOLERANCE : TOLERANCE;
      expect(differences.filter(({ error }) => !(error < limit))).toEqual([]);
    }
    return variants;
  };

  const NUMBERS: readonly Numbers[] = [
    { f16: true },
    { f16: true, spread: 4 },
    {},
    { spread: 4 },
    { slopes: 1e6 },
    { slopes: 0 },
  ];
  test
    .skipIf(!hasUnits)
    .each(UNITS.flatMap((sizes) => NUMBERS.map((numbers) => [label(sizes), numbers, sizes] as const)))(
    "kernels on matrix units match the reference: %s, %o",
    async (_, numbers, sizes) => {
      const variants = await onUnits(sizes, unchecked.device, opened.profile, numbers);
      expect(variants.length).toBeGreaterThan(0);
    },
  );

  test.skipIf(!(emulates && process.env.MOM_TEST_THOROUGH)).each([
    ["matrix-64x32", { f16: true, spread: 4 }],
    ["split-64x16", { spread: 4 }],
    ["split-64x16", { slopes: 0 }],
  ] as const)(
    "kernels on matrix units match the reference, on an emulation of the units: %s, %o",
    async (variant, numbers) => {
      const { device, profile } = emulating(await freshDevice(undefined, true));
      const sizes: Case = { batch: 2, queries: 70, heads: 2, kv_heads: 1, head: 16, ranges: "documents" };
      expect(await onUnits(sizes, device, profile, numbers)).toContain(variant);
    },
    3_600_000,
  );

  test("the kernels of SwiGLU and its gradient match the reference", async () => {
    const b = build("swiglu", { batch: 1, length: 9, chunk: 9, modalities: 1 });
    const input = (name: string): TensorId => b.input("batch", called(name), [9, 7]);
    const value = (name: string): TensorId => b.tensor("value", name, [9, 7]);
    const [dy, a, c] = [input("dy"), input("a"), input("b")];
    b.op({ kind: "swiglu", in: { a, b: c }, out: { y: value("y") } });
    b.op({ kind: "swiglu_grad", in: { dy, a, b: c }, out: { da: value("da"), db: value("db") } });
    const s = stream("sample", 13);
    const numbers = (name: string, size: number): number[] =>
      Array.from({ length: size }, () => (name === "modality" ? 0 : 4 * s.normal()));
    const differences = await everyOp(opened.device, opened.profile, evaluate(values(verify(b.program()), numbers)));
    expect(differences.map(({ op }) => op)).toEqual(["swiglu", "swiglu_grad", "swiglu_grad"]);
    expect(differences.filter(({ error }) => !(error < TOLERANCE))).toEqual([]);
  });

  test("new rows are written into the cache at the place of their sequence", async () => {
    const [batch, length, S, d] = [3, 2, 7, 5];
    const b = build("append", { batch, length, chunk: length, modalities: 1 });
    const cache = b.input("batch", called("cache"), [batch * S, d]);
    const x = b.input("batch", called("x"), [batch * length, d]);
    const place = b.input("batch", called("place"), [batch], "i32");
    const y = b.tensor("value", "y", [batch * S, d]);
    b.op({ kind: "append", in: { cache, x, place }, out: { y } });
    const v = evaluate(
      values(verify(b.program()), (name, size) => {
        if (name === "place") return [0, 5, 3];
        return Array.from({ length: size }, (_, i) => (name === "x" ? -1 - i : name === "cache" ? i : 0));
      }),
    );
    const at = (row: number): number => v.of.get(y)?.[row * d] as number;
    expect([at(0), at(1), at(2), at(7), at(12), at(13), at(16), at(17), at(18), at(19)]).toEqual([
      -1, -6, 10, 35, -11, -16, 80, -21, -26, 95,
    ]);
    const differences = await everyOp(opened.device, opened.profile, v);
    expect(differences).toMatchObject([{ op: "append", error: 0 }]);
  });

  test.each([2, 3, 5, 16])("RoPE and its inverse match the reference for heads of %i", async (head) => {
    const [batch, length, heads] = [2, 37, 3];
    const b = build("rotate", { batch, length, chunk: length, modalities: 1 });
    const R = batch * length;
    const x = b.input("batch", called("x"), [R, heads * head]);
    const position = b.input("batch", called("position"), [R], "i32");
    const table = b.input("constant", called("table"), [length, Math.max(2, 2 * Math.floor(head / 2))]);
    const y = b.tensor("value", "y", [R, heads * head]);
    const back = b.tensor("value", "back", [R, heads * head]);
    if (head > 1) {
      b.op({ kind: "rotate", in: { x, position, table }, out: { y }, heads, inverse: false });
      b.op({ kind: "rotate", in: { x: y, position, table }, out: { y: back }, heads, inverse: true });
    }
    const s = stream("sample", 12);
    const program = head > 1 ? verify(b.program()) : b.program();
    const angle = Array.from({ length }, () => 6 * s.uniform());
    const v = evaluate(
      values(program, (name, size) =>
        Array.from({ length: size }, (_, i) => {
          if (name === "modality") return 0;
          if (name === "position") return (i * 7) % length;
          const turn = angle[Math.floor(i / Math.max(2, 2 * Math.floor(head / 2)))] as number;
          return name === "table" ? (i % 2 === 0 ? Math.cos(turn) : Math.sin(turn)) : s.normal();
        }),
      ),
    );
    if (head === 1) return;
    const [from, to] = [v.of.get(x), v.of.get(back)] as [Float64Array, Float64Array];
    expect(Math.max(...from.map((value, i) => Math.abs(value - (to[i] as number))))).toBeLessThan(1e-12);
    const differences = await everyOp(opened.device, opened.profile, v);
    expect(differences.map(({ op }) => op)).toEqual(["rotate", "rotate"]);
    expect(differences.filter(({ error }) => !(error < TOLERANCE))).toEqual([]);
  });
});
