// The gradients of each op in the float64 reference match central differences.
import { describe, expect, test } from "vitest";
import { type Builder, build } from "../../src/ir/builder.js";
import type { OpKind, Rows } from "../../src/ir/op.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import { count, type TensorId } from "../../src/ir/tensor.js";
import { verify } from "../../src/ir/verify.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { fuse } from "../../src/passes/fuse.js";
import { type Stream, stream } from "../../src/random/stream.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, type Values, values } from "../../src/reference/values.js";
import { called } from "../support/called.js";

const SIZE = { batch: 2, length: 5, chunk: 2, modalities: 3 };
const R = SIZE.batch * SIZE.length;
/** Two copies. The first and the last modality share one. */
const grouped: Rows = { over: "positions", groups: 2, of: [0, 1, 0] };
/** One copy, not used by the middle modality. */
const partial: Rows = { over: "positions", groups: 1, of: [0, -1, 0] };

/** Builds a small program: declares its inputs as parameters and returns the tensor of the loss. */
type Case = (b: Sketch) => TensorId;

interface Sketch extends Builder {
  /** A parameter of this shape, whose gradient is checked. */
  leaf(name: string, ...shape: number[]): TensorId;
  value(...shape: number[]): TensorId;
  /** A value computed from a parameter, because models never add, split or gate a parameter itself. */
  derived(name: string, ...shape: number[]): TensorId;
  index(name: string, size: number): TensorId;
}

function sketchOn(builder: Builder): Sketch {
  let values = 0;
  // The first dimension of a parameter counts its groups.
  const leaf: Sketch["leaf"] = (name, ...shape) => {
    const [groups = 1, ...rest] = shape;
    const names = Array.from({ length: groups }, (_, g) => `${name}.${g}`);
    return builder.parameter({
      names,
      shape: rest,
      initial: { kind: "ones" },
      layer: 0,
      part: 0,
      decay: false,
      of: [],
    });
  };
  const value: Sketch["value"] = (...shape) => builder.tensor("value", `value ${values++}`, shape);
  return {
    ...builder,
    leaf,
    value,
    derived: (name, ...shape) => {
      const y = value(...shape);
      builder.op({ kind: "activate", in: { x: leaf(name, ...shape) }, out: { y }, activation: "silu" });
      return y;
    },
    index: (name, size) => builder.input("batch", called(name), [size], "i32"),
  };
}

const pointwise =
  (activation: "silu" | "softplus"): Case =>
  (b) => {
    const y = b.value(R, 3);
    b.op({ kind: "activate", in: { x: b.leaf("x", R, 3) }, out: { y }, activation });
    return y;
  };

const linear =
  (rows: Rows, height: number, activation?: "softplus"): Case =>
  (b) => {
    const x = b.leaf("x", height, 3);
    const weight = b.leaf("weight", rows.groups, 4, 3);
    const bias = b.leaf("bias", rows.groups, 4);
    const y = b.value(height, 4);
    b.op({ kind: "linear", in: { x, weight, bias }, out: { y }, rows });
    if (activation === undefined) return y;
    const active = b.value(height, 4);
    b.op({ kind: "activate", in: { x: y }, out: { y: active }, activation });
    return active;
  };

const scan =
  (state: "none" | "carried", resets = false): Case =>
  (b) => {
    const [E, N] = [3, 2];
    const u = b.leaf("u", R, E);
    const delta = b.value(R, E);
    b.op({ kind: "activate", in: { x: b.leaf("delta", R, E) }, out: { y: delta }, activation: "softplus" });
    const [B, C] = [b.leaf("B", R, N), b.leaf("C", R, N)];
    const [A_log, D] = [b.leaf("A_log", 2, E, N), b.leaf("D", 2, E)];
    const y = b.value(R, E);
    const carry = b.value(SIZE.batch * b.chunks, N, E);
    const rowsD: Rows = { over: "positions", groups: 2, of: [0, 0, 1] };
    const reset = resets ? { reset: b.index("reset", R) } : {};
    const h0 = state === "none" ? {} : { h0: b.input("batch", called("h0"), [SIZE.batch, N, E]) };
    const end = state === "none" ? {} : { h_end: b.field("result", called("h_end"), [SIZE.batch, N, E]) };
    b.op({
      kind: "scan",
      in: { u, delta, B, C, A_log, D, ...h0, ...reset },
      out: { y, carry, ...end },
      rowsA: grouped,
      rowsD,
    });
    // The gate of a block, which fusion joins to the scan.
    const z = b.leaf("z", R, E);
    const gate = b.value(R, E);
    b.op({ kind: "activate", in: { x: z }, out: { y: gate }, activation: "silu" });
    const gated = b.value(R, E);
    b.op({ kind: "multiply", in: { a: y, b: gate }, out: { y: gated } });
    return gated;
  };

const conv =
  (state: "none" | "carried", resets = false): Case =>
  (b) => {
    const reset = resets ? { reset: b.index("reset", R) } : {};
    const y = b.value(R, 3);
    const inputs = { x: b.leaf("x", R, 3), weight: b.leaf("weight", 2, 3, 1, 4), bias: b.leaf("bias", 2, 3) };
    const tail = state === "none" ? {} : { tail: b.input("batch", called("tail"), [SIZE.batch * 3, 3]) };
    const end = state === "none" ? {} : { tail_out: b.field("result", called("tail_out"), [SIZE.batch * 3, 3]) };
    b.op({ kind: "conv", in: { ...inputs, ...tail, ...reset }, out: { y, ...end }, rows: grouped });
    const active = b.value(R, 3);
    b.op({ kind: "activate", in: { x: y }, out: { y: active }, activation: "silu" });
    return active;
  };

const norm: Case = (b) => {
  const x = b.leaf("x", R, 4);
  const rstd = b.value(R);
  b.op({ kind: "rms", in: { x }, out: { rstd }, eps: 1e-5 });
  const y = b.value(R, 4);
  b.op({ kind: "rescale", in: { x, rstd, scale: b.leaf("scale", 2, 4) }, out: { y }, rows: grouped });
  const mixed = b.value(R, 2);
  const rows = grouped;
  b.op({ kind: "linear", in: { x: y, weight: b.leaf("weight", 2, 2, 4) }, out: { y: mixed }, rows });
  return mixed;
};

/** RoPE of heads of 3 columns, which copies the last column. */
const rotation =
  (inverse: boolean): Case =>
  (b) => {
    const y = b.value(R, 6);
    const inputs = {
      x: b.leaf("x", R, 6),
      position: b.index("position", R),
      table: b.input("constant", called("table"), [5, 2]),
    };
    b.op({ kind: "rotate", in: inputs, out: { y }, heads: 2, inverse });
    return y;
  };

/** Two query heads per key head. With a cache, the sequences of keys are longer than those of queries. */
const attention =
  (cached: number): Case =>
  (b) => {
    const rows = R + SIZE.batch * cached;
    const inputs = {
      q: b.leaf("q", R, 12),
      k: b.leaf("k", rows, 6),
      v: b.leaf("v", rows, 6),
      keys: b.input("batch", called("keys"), [R, 2], "i32"),
    };
    const [y, lse] = [b.value(R, 12), b.value(R, 4)];
    b.op({ kind: "attention", in: inputs, out: { y, lse }, heads: 4, kv_heads: 2 });
    return y;
  };

const feedForward: Case = (b) => {
  const x = b.derived("x", R, 3);
  const layer = (name: string): TensorId => {
    const y = b.value(R, 4);
    b.op({ kind: "linear", in: { x, weight: b.leaf(name, 2, 4, 3) }, out: { y }, rows: grouped });
    return y;
  };
  const [before, gate, y] = [layer("w1"), b.value(R, 4), b.value(R, 4)];
  b.op({ kind: "activate", in: { x: before }, out: { y: gate }, activation: "silu" });
  b.op({ kind: "multiply", in: { a: layer("w3"), b: gate }, out: { y } });
  return y;
};

const embed: Case = (b) => {
  const y = b.value(R, 3);
  b.op({ kind: "embed", in: { tokens: b.index("tokens", R), weight: b.leaf("weight", 1, 6, 3) }, out: { y } });
  return y;
};

const items: Case = (b) => {
  const inputs = { x: b.derived("x", R, 3), items: b.derived("items", 2, 3), item: b.index("item", R) };
  const y = b.value(R, 3);
  b.op({ kind: "add_items", in: inputs, out: { y } });
  return y;
};

const combined =
  (kind: "add" | "multiply"): Case =>
  (b) => {
    const y = b.value(R, 3);
    b.op({ kind, in: { a: b.derived("a", R, 3), b: b.derived("b", R, 3) }, out: { y } });
    return y;
  };

/** Splits, uses the outputs in different ways, and joins them again. */
const columns: Case = (b) => {
  const [left, right] = [b.value(R, 2), b.value(R, 3)];
  b.op({ kind: "split", in: { x: b.derived("x", R, 5) }, out: { "0": left, "1": right } });
  const active = b.value(R, 2);
  b.op({ kind: "activate", in: { x: left }, out: { y: active }, activation: "silu" });
  const y = b.value(R, 5);
  b.op({ kind: "concat", in: { "0": right, "1": active }, out: { y } });
  return y;
};

/** Losses end a program. The total is Σ loss·scale. */
const entropy: Case = (b) => {
  const x = b.leaf("x", R, 3);
  const weight = b.leaf("weight", 1, 5, 3);
  const logits = b.value(R, 5);
  const rows: Rows = { over: "positions", groups: 1, of: [0, 0, 0] };
  b.op({ kind: "linear", in: { x, weight }, out: { y: logits }, rows });
  const [loss, lse] = [b.value(R), b.value(R)];
  const scale = b.input("batch", called("scale"), [R]);
  b.op({ kind: "cross_entropy", in: { logits, target: b.index("target", R), scale }, out: { loss, lse } });
  return loss;
};

const squares: Case = (b) => {
  const prediction = b.leaf("prediction", R, 3);
  const noise = b.input("batch", called("noise"), [R, 3]);
  const loss = b.value(R);
  const scale = b.input("batch", called("scale"), [R]);
  const item = b.index("item", R);
  b.op({ kind: "squared_error", in: { prediction, noise, item, scale }, out: { loss } });
  return loss;
};

/** The cases that check each op or, for a gradient, those of its op. `none` is the reason why there are no cases. */
const CHECKED: { readonly [K in OpKind]: readonly Case[] | { readonly none: string } } = {
  embed: [embed],
  embed_grad: [embed],
  gather: { none: "its table is a constant" },
  subtract: { none: "its operands come from the batch" },
  add_items: [items],
  sum_items: [items],
  noise: { none: "it computes noise, which depends on no parameter" },
  linear: [linear(grouped, R), linear(partial, R, "softplus"), linear({ over: "items", groups: 1 }, 2)],
  linear_dx: [linear(grouped, R)],
  linear_dw: [linear(grouped, R)],
  rms: [norm],
  rescale: [norm],
  norm_grad: [norm],
  conv: [conv("none"), conv("carried"), conv("none", true), conv("carried", true)],
  conv_grad: [conv("none"), conv("carried"), conv("none", true), conv("carried", true)],
  scan: [scan("none"), scan("carried"), scan("none", true), scan("carried", true)],
  scan_grad: [scan("none"), scan("carried"), scan("none", true), scan("carried", true)],
  rotate: [rotation(false), rotation(true)],
  attention: [attention(0), attention(3)],
  attention_grad: [attention(0), attention(3)],
  append: { none: "caches are only for sampling" },
  choose: { none: "it is only for sampling" },
  cast: { none: "narrow runs after differentiate" },
  amplify: { none: "narrow runs after differentiate" },
  activate: [pointwise("silu"), pointwise("softplus")],
  activate_grad: [pointwise("silu"), pointwise("softplus")],
  swiglu: [feedForward],
  swiglu_grad: [feedForward],
  add: [combined("add")],
  multiply: [combined("multiply")],
  split: [columns],
  concat: [columns],
  cross_entropy: [entropy],
  cross_entropy_grad: [entropy],
  token_loss: [entropy],
  squared_error: [squares],
  squared_error_grad: [squares],
  sum_by_class: { none: "it reports losses; scales, not sums, enter the total" },
  dot: [combined("add")],
  gradient_norm: { none: "it reads finished gradients" },
  adamw: { none: "it changes parameters in place" },
  muon_sums: { none: "it reads finished gradients" },
  muon_begin: { none: "it reads finished gradients" },
  muon_end: { none: "it changes parameters in place" },
  matmul: { none: "it is part of the update" },
};

/** The program of a case. Its loss is Σ y·cotangent unless the case has its own. */
function lossOf(sketch: Case): { program: Program; total: (v: Values) => number } {
  const builder = build("case", SIZE);
  const y = sketch(sketchOn(builder));
  const shape = builder.shape(y);
  if (shape.length === 1) {
    return { program: verify(builder.program()), total: (v) => dot(read(v, y), named(v, "scale")) };
  }
  const out = builder.field("result", called("total"), [1]);
  builder.op({ kind: "dot", in: { a: y, b: builder.input("batch", called("cotangent"), shape) }, out: { y: out } });
  return { program: verify(builder.program()), total: (v) => read(v, out)[0] as number };
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
const named = (v: Values, name: string): Float64Array =>
  read(v, v.program.tensors.find((t) => t.name === name)?.id as TensorId);

/** Inputs of a case, equal in each call. */
function inputsOf(program: Program): Values {
  const s: Stream = stream("sample", 3);
  const hasItems = program.tensors.some((t) => t.name === "item");
  return values(program, (name, size) => {
    const fill = (next: (i: number) => number): number[] => Array.from({ length: size }, (_, i) => next(i));
    if (name === "modality") return fill((i) => [0, 1, 1, 2, 0, 2, 1, 0, 0, 1][i] as number);
    if (name === "position") return fill((i) => i % SIZE.length);
    // Causal ranges, a bidirectional range, and a position that only attends to itself.
    if (name === "keys") return [0, 0, 0, 1, 0, 3, 0, 3, 0, 4, 0, 2, 0, 2, 0, 2, 3, 3, 3, 4];
    if (name === "tokens" || name === "target") return fill(() => s.below(6) - 1);
    const item = [-1, 0, 0, -1, -1, 1, 1, -1, -1, -1];
    if (name === "item") return item;
    if (name === "reset") return [0, 0, 1, 0, 1, 1, 0, 0, 1, 1];
    // Only positions of items have a scale.
    if (name === "scale" && hasItems) return item.map((p) => (p < 0 ? 0 : s.normal()));
    return fill(() => s.normal());
  });
}

/** The relative error of each parameter: |gradient − difference| divided by the norm of the gradient. */
function errorsOf(program: Program, gradients: Program, total: (v: Values) => number): Record<string, number> {
  const evaluated = evaluate(inputsOf(gradients));
  const errors: Record<string, number> = {};
  for (const { tensor } of program.parameters) {
    const { name, shape } = tensorOf(program, tensor);
    const gradient = gradients.tensors.find((t) => t.role === "gradient" && t.name === name);
    const found = gradient ? read(evaluated, gradient.id) : new Float64Array(count(shape));
    const difference = found.map((_, i) => {
      const at = (h: number): number => {
        const v = inputsOf(program);
        const numbers = read(v, tensor);
        numbers[i] = (numbers[i] as number) + h;
        return total(evaluate(v));
      };
      // Richardson extrapolation, with an error of fourth order.
      const [wide, near] = [1e-3, 5e-4].map((h) => (at(h) - at(-h)) / (2 * h)) as [number, number];
      return (4 * near - wide) / 3;
    });
    const size = Math.sqrt(dot(found, found));
    expect(size, `${name} has no gradient`).toBeGreaterThan(0);
    const deviations = found.map((d, i) => d - (difference[i] as number));
    errors[name] = Math.sqrt(dot(deviations, deviations)) / size;
  }
  return errors;
}

const kinds = Object.keys(CHECKED) as OpKind[];

describe.each(kinds.filter((kind) => Array.isArray(CHECKED[kind])))("%s", (kind) => {
  test.each((CHECKED[kind] as readonly Case[]).map((sketch, i) => [i, sketch] as const))(
    "the gradients of case %i match central differences",
    (_, sketch) => {
      const { program, total } = lossOf(sketch);
      const plain = verify(differentiate(program));
      const fused = verify(fuse(plain, { storageBuffers: 16 }).program);
      expect([program, plain, fused].some(({ ops }) => ops.some((op) => op.kind === kind))).toBe(true);
      for (const gradients of [plain, fused]) {
        for (const [name, error] of Object.entries(errorsOf(program, gradients, total))) {
          expect(error, name).toBeLessThan(1e-8);
        }
      }
    },
  );
});

test("only ops that depend on no parameter have no case", () => {
  const without = kinds.filter((kind) => !Array.isArray(CHECKED[kind]));
  const update = ["gradient_norm", "adamw", "muon_sums", "muon_begin", "muon_end", "matmul"];
  expect(without).toEqual([
    "gather",
    "subtract",
    "noise",
    "append",
    "choose",
    "cast",
    "amplify",
    "sum_by_class",
    ...update,
  ]);
});
