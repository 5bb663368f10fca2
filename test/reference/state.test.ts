// In the reference, consecutive runs that carry the state equal a single run.
import { expect, test } from "vitest";
import { MAMBA_PARTS } from "../../src/blocks/mamba.fields.js";
import { build } from "../../src/ir/builder.js";
import type { Program } from "../../src/ir/program.js";
import type { TensorId } from "../../src/ir/tensor.js";
import { verify } from "../../src/ir/verify.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { fuse } from "../../src/passes/fuse.js";
import { lower } from "../../src/passes/lower.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, type Values, values } from "../../src/reference/values.js";
import { called } from "../support/called.js";
import { relativeError } from "../support/fixtures.js";
import { randomValues } from "../support/random.js";
import { image, sketch, speech, text } from "../support/spec.js";

const spec = sketch({
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 6,
  layers: 2,
  block: { d_state: 4 },
  groups: Object.fromEntries(MAMBA_PARTS.map((part) => [part, { groups: 2, of: [0, 1, 0] }])),
});
const BATCH = 2;
const TOTAL = 13;

function programOf(length: number) {
  const lowered = lower(spec, { batch: BATCH, length, chunk: 4, part: "stack", noise: "given", state: "carried" });
  return verify(fuse(verify(lowered), { storageBuffers: 16 }).program);
}

const named = (v: Values, name: string): Float64Array =>
  read(v, v.program.tensors.find((t) => t.name === name)?.id as never);

test.each([[[12, 1]], [[1, 12]], [[2, 8, 3]], [[4, 4, 5]]])("runs of %j equal a single run", (lengths) => {
  const single = evaluate(randomValues(programOf(TOTAL), 2));
  let state = new Map(
    single.program.tensors.flatMap(({ name }) =>
      name.startsWith("state.") ? [[name, named(single, name)] as const] : [],
    ),
  );
  expect(state.size).toBe(4);
  let first = 0;
  for (const length of lengths) {
    const rows = (name: string): number[] => {
      const all = named(single, name);
      const columns = all.length / (BATCH * TOTAL);
      return [...all].filter((_, i) => {
        const t = Math.floor(i / columns) % TOTAL;
        return t >= first && t < first + length;
      });
    };
    const run = evaluate(
      values(programOf(length), (name) => {
        const kept = state.get(name);
        if (kept) return kept;
        return ["input", "modality", "cotangent"].includes(name) ? rows(name) : named(single, name);
      }),
    );
    expect(relativeError(named(run, "output"), Float64Array.from(rows("output")))).toBeLessThan(1e-14);
    state = new Map([...state.keys()].map((name) => [name, named(run, name.replace("state", "next"))]));
    first += length;
  }
  for (const [name, end] of state) {
    expect(relativeError(end, named(single, name.replace("state", "next"))), name).toBeLessThan(1e-14);
  }
});

/** A scan of one channel whose state comes from `h0` and whose loss depends on `output`. */
function scanned(role: "batch" | "parameter", output: "y" | "h_end"): Program {
  const builder = build("case", { batch: 1, length: 2, chunk: 2, modalities: 1 });
  const leaf = (name: string, ...shape: [number, ...number[]]): TensorId =>
    builder.parameter({
      names: Array.from({ length: shape[0] }, (_, g) => `${name}.${g}`),
      shape: shape.slice(1),
      initial: { kind: "ones" },
      layer: 0,
      part: 0,
      decay: false,
      of: [0],
    });
  const [u, delta, B, C] = ["u", "delta", "B", "C"].map((name) => leaf(name, 2, 1)) as [
    TensorId,
    TensorId,
    TensorId,
    TensorId,
  ];
  const h0 = role === "batch" ? builder.input("batch", called("h0"), [1, 1, 1]) : leaf("h0", 1, 1, 1);
  const [y, carry, h_end] = [
    builder.tensor("value", "y", [2, 1]),
    builder.tensor("value", "carry", [1, 1, 1]),
    builder.tensor("value", "h_end", [1, 1, 1]),
  ];
  const rows = { over: "positions", groups: 1, of: [0] } as const;
  const inputs = { u, delta, B, C, A_log: leaf("A_log", 1, 1, 1), D: leaf("D", 1, 1), h0 };
  builder.op({ kind: "scan", in: inputs, out: { y, carry, h_end }, rowsA: rows, rowsD: rows });
  const total = builder.field("result", called("total"), [1]);
  const a = { y, h_end }[output];
  builder.op({
    kind: "dot",
    in: { a, b: builder.input("batch", called("cotangent"), builder.shape(a)) },
    out: { y: total },
  });
  if (output === "h_end") {
    const more = builder.field("result", called("more"), [1]);
    builder.op({ kind: "dot", in: { a: y, b: builder.input("batch", called("weights"), [2, 1]) }, out: { y: more } });
  }
  return verify(builder.program());
}

test("a gradient through an incoming or outgoing state is an error", () => {
  verify(differentiate(scanned("batch", "y")));
  expect(() => differentiate(scanned("parameter", "y"))).toThrow("an incoming state has no gradient");
  expect(() => differentiate(scanned("batch", "h_end"))).toThrow("an outgoing state has a gradient");
});
