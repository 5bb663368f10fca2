// Whether a spec fits into a memory budget: the proposed settings fit when planned, and larger ones do not.
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../src/cli/verbs/inspect.js";
import { type CompileOptions, compile, TRAINING_PHASES } from "../../src/compile.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { type Fit, fitInto, fitText } from "../../src/inspect/fit.js";
import { inspect } from "../../src/inspect/inspection.js";
import type { Profile } from "../../src/ir/plan.js";
import { profileNamed } from "../../src/ir/profiles.js";
import { image, sketch, text } from "../support/spec.js";

const spec = sketch({
  modalities: [text, image],
  vocabulary: 50,
  d_model: 32,
  layers: 2,
  decouple: ["in_proj"],
  length: 200,
  train: { batch: 6, accumulate: 2 },
});
const options = (batch = 6, length = 200, device = "nvidia-h100"): CompileOptions => ({
  profile: profileNamed(device) as Profile,
  batch,
  length,
  phases: TRAINING_PHASES,
  variants: "all",
});
/** Bytes of the compiled plan. */
const bytesFor = (batch?: number, length?: number): number =>
  compile(spec, options(batch, length)).plan.buffers.reduce((sum, { bytes }) => sum + bytes, 0);

const plain = { bold: String, red: String, green: String, cyan: String } as never;
const textOf = (fit: Fit, of: CheckedSpec = spec): string =>
  fitText(fit, { profile: "nvidia-h100", batch: 6, accumulate: of.train.accumulate, length: 200 }, plain);

test("a spec fits into exactly the memory that inspect reports", () => {
  const { memory } = inspect(spec, options());
  if ("pieces" in memory) throw new Error("The model exceeds a binding.");
  const fit = fitInto(spec, options(), memory.total);
  expect(fit).toMatchObject({ bytes: memory.total, fits: true, binds: true, largest: 6 });
  expect(fitInto(spec, options(), memory.total - 1).fits).toBe(false);
  const roomy = fitInto(spec, options(), 3 * memory.total);
  expect(bytesFor(roomy.largest)).toBeLessThanOrEqual(3 * memory.total);
  expect(bytesFor((roomy.largest ?? 0) + 1)).toBeGreaterThan(3 * memory.total);
  expect(textOf(roomy)).toContain(`micro-batches of up to ${roomy.largest} sequences fit`);
});

test("a batch that does not fit is replaced by a smaller one with as many sequences per step", () => {
  const budget = Math.floor((bytesFor(5) + bytesFor(6)) / 2);
  const fit = fitInto(spec, options(), budget);
  expect(fit).toMatchObject({ fits: false, largest: 5 });
  expect(fit.instead).toEqual({ batch: 4, accumulate: 3, length: 200, bytes: bytesFor(4) });
  expect(textOf(fit)).toContain("batch: 4, accumulate: 3 needs");
  expect(textOf(fit)).toContain("for the same 12 sequences per step");
});

test("recomputation is proposed only if it makes the spec fit", () => {
  const deep = sketch({ modalities: [text], vocabulary: 50, d_model: 32, layers: 4, train: { batch: 6 } });
  const block = { ...deep, train: { ...deep.train, recompute: "block" as const } };
  const [kept, again] = [deep, block].map((one) => fitInto(one, options(), 2 ** 40).bytes) as [number, number];
  expect(again).toBeLessThan(kept);
  expect(fitInto(deep, options(), again).recomputed).toBe(again);
  expect(textOf(fitInto(deep, options(), again), deep)).toMatch(
    /train \{ recompute: block \} needs .* for the same step/,
  );
  for (const [one, budget] of [
    [deep, kept],
    [deep, again - 1],
    [block, again - 1],
  ] as const) {
    expect(fitInto(one, options(), budget).recomputed).toBeUndefined();
    expect(textOf(fitInto(one, options(), budget), one)).not.toContain("recompute");
  }
});

test("if no batch fits, the longest sequence that fits is proposed", () => {
  const budget = Math.floor((bytesFor(1, 60) + bytesFor(1, 200)) / 2);
  const { largest, instead } = fitInto(spec, options(), budget);
  expect(largest).toBeUndefined();
  if (!instead) throw new Error("Nothing is proposed.");
  expect(instead).toMatchObject({ batch: 1, accumulate: 12, bytes: bytesFor(1, instead.length) });
  expect(instead.bytes).toBeLessThanOrEqual(budget);
  expect(bytesFor(1, instead.length + 1)).toBeGreaterThan(budget);
  expect(textOf(fitInto(spec, options(), budget))).toContain(`length: ${instead.length}`);
});

test("if nothing fits, the reason and the largest buffers are reported", () => {
  const none = fitInto(spec, options(), 1000);
  expect(none).toMatchObject({ fits: false, instead: undefined, largest: undefined });
  expect(none.most.length).toBe(5);
  expect(none.most.map(({ bytes }) => bytes)).toEqual(none.most.map(({ bytes }) => bytes).sort((a, b) => b - a));
  expect(textOf(none)).toContain("the optimizer's state alone need");
  const wide = sketch({ modalities: [text], vocabulary: 9000, d_model: 4096, layers: 1, train: { batch: 1 } });
  const unbound = fitInto(wide, options(1, 64, "webgpu-default"), 2 ** 40);
  expect(unbound).toMatchObject({ fits: false, binds: false, instead: undefined });
  expect(textOf(unbound)).toMatch(/a buffer is larger than a binding.*\n.*\n.*Use another --device/);
});

describe("amounts of memory", () => {
  test.each([
    ["80GiB", 80 * 2 ** 30],
    ["24GB", 24e9],
    ["8g", 2 ** 33],
    ["1.5 MiB", 1.5 * 2 ** 20],
    ["512k", 2 ** 19],
    ["2T", 2 ** 41],
    ["100", 100],
    ["100B", 100],
  ])("`%s` is accepted", (written, bytes) => expect(bytesOf(written)).toBe(bytes));
  test.each(["", "GiB", "0", "0g", "-1g", "80apples", "1e9", "8gg", "5ib", "9999999T", "8 g b", "0x10g"])(
    "`%s` is refused",
    (written) => expect(() => bytesOf(written)).toThrow(/such as 80GiB/),
  );
});
