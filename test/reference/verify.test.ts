// `verify` throws an error that names the op of an invalid program.
import { expect, test } from "vitest";
import type { Op, OpKind } from "../../src/ir/op.js";
import type { Program } from "../../src/ir/program.js";
import type { Tensor, TensorId } from "../../src/ir/tensor.js";
import { verify } from "../../src/ir/verify.js";
import { differentiate } from "../../src/passes/differentiate.js";
import { fuse } from "../../src/passes/fuse.js";
import { lower } from "../../src/passes/lower.js";
import { lowerUpdate } from "../../src/passes/update.js";
import { called } from "../support/called.js";
import { image, sketch, speech, text } from "../support/spec.js";

const spec = sketch({
  modalities: [text, image, speech],
  vocabulary: 50,
  d_model: 12,
  layers: 1,
  decouple: ["conv1d", "A", "D", "norm", "in_proj"],
});
const plain = differentiate(lower(spec, { batch: 2, length: 20, chunk: 8, part: "model", noise: "drawn" }));
const { program: fused } = fuse(plain, { storageBuffers: 16 });
const sequences = { state: "carried", reset: true } as const;
const carried = differentiate(
  lower(spec, { batch: 2, length: 20, chunk: 8, part: "model", noise: "drawn", ...sequences }),
);

const at = (program: Program, kind: OpKind): number => program.ops.findIndex((op) => op.kind === kind);
const withOp = (program: Program, index: number, op: Op): Program => ({
  ...program,
  ops: program.ops.map((old, i) => (i === index ? op : old)),
});
const withTensor = (program: Program, id: TensorId, change: Partial<Tensor>): Program => ({
  ...program,
  tensors: program.tensors.map((t) => (t.id === id ? { ...t, ...change } : t)),
});
/** The program with the first op of a kind changed. */
const changed = (program: Program, kind: OpKind, change: (op: Op) => object): Program => {
  const index = at(program, kind);
  const op = program.ops[index] as Op;
  return withOp(program, index, { ...op, ...change(op) } as Op);
};

test("programs of the compiler are valid", () => {
  for (const program of [plain, fused, carried]) expect(verify(program)).toBe(program);
});

test("an op that reads its input before it is written is invalid", () => {
  const index = at(plain, "conv");
  const ops = [...plain.ops];
  ops.unshift(...ops.splice(index, 1));
  expect(() => verify({ ...plain, ops })).toThrow(/op 0 \(conv\): reads .*u_in.* before it is written/);
});

test("a tensor that is written twice is invalid", () => {
  const index = at(plain, "rms");
  const ops = [...plain.ops.slice(0, index + 1), ...plain.ops.slice(index)];
  expect(() => verify({ ...plain, ops })).toThrow(/\(rms\): writes .*rstd.* a second time/);
});

test("an op that writes a parameter is invalid", () => {
  const { tensor } = plain.parameters[0] as Program["parameters"][number];
  const invalid = changed(plain, "embed", (op) => ({ out: { ...op.out, y: tensor } }));
  expect(() => verify(invalid)).toThrow(/\(embed\): writes the parameter embed\.weight/);
});

test.each(Object.keys(kindsOf(plain, fused)) as OpKind[])("%s with an output of another shape is invalid", (kind) => {
  const program = at(fused, kind) >= 0 ? fused : plain;
  const op = program.ops[at(program, kind)] as Op;
  for (const id of Object.values(op.out) as TensorId[]) {
    const { shape, view } = program.tensors[id] as Tensor;
    if (view) continue;
    const invalid = withTensor(program, id, { shape: [...shape.slice(0, -1), (shape.at(-1) as number) + 1] });
    expect(() => verify(invalid), (program.tensors[id] as Tensor).name).toThrow(/shape \[/);
  }
});

test.each(["linear", "rescale", "conv", "scan", "linear_dw", "norm_grad", "conv_grad"] as const)(
  "%s with rows of more groups than its weight has is invalid",
  (kind) => {
    const rows = { over: "positions", groups: 4, of: [0, 1, 3] };
    const invalid = changed(plain, kind, () => (kind === "scan" ? { rowsA: rows } : { rows }));
    expect(() => verify(invalid)).toThrow(new RegExp(`\\(${kind}\\)`));
  },
);

test.each([
  ["conv", "tail"],
  ["conv", "reset"],
  ["conv", "tail_out"],
  ["conv_grad", "tail"],
  ["conv_grad", "reset"],
  ["scan", "h0"],
  ["scan", "reset"],
  ["scan", "h_end"],
  ["scan_grad", "reset"],
] as const)("%s with a %s of another shape is invalid", (kind, key) => {
  const op = carried.ops[at(carried, kind)] as Op;
  const id = ({ ...op.in, ...op.out } as Readonly<Record<string, TensorId>>)[key] as TensorId;
  const { shape } = carried.tensors[id] as Tensor;
  const invalid = withTensor(carried, id, { shape: [(shape[0] as number) + 1, ...shape.slice(1)] });
  expect(() => verify(invalid)).toThrow(/shape \[/);
});

test("a result that no op writes is invalid", () => {
  const ops = plain.ops.filter((op) => op.kind !== "sum_by_class");
  expect(() => verify({ ...plain, ops })).toThrow(/no op writes the result loss/);
});

test("rows without a group for a modality are invalid", () => {
  const invalid = changed(plain, "linear", () => ({ rows: { over: "positions", groups: 1, of: [0] } }));
  expect(() => verify(invalid)).toThrow(/modalit/);
});

test("a view beyond the columns of its tensor is invalid", () => {
  const view = fused.tensors.find((t) => t.view) as Tensor & { view: { of: TensorId; column: number } };
  const invalid = withTensor(fused, view.id, { view: { ...view.view, column: 10_000 } });
  expect(() => verify(invalid)).toThrow(/view/);
});

const rest = { kind: "adamw", lr: 3e-3, betas: [0.9, 0.95], eps: 1e-8, weight_decay: 0.1 } as const;
const muon = { kind: "muon", lr: 2e-2, momentum: 0.95, weight_decay: 0.1, rest } as const;
const update = lowerUpdate(muon, [plain], { batch: 2, length: 20, chunk: 8, modalities: 3 });

test("an update is valid unless two ops change the same numbers or a range is outside the arenas", () => {
  expect(verify(update)).toBe(update);
  const stacks = update.ops.filter((op) => op.kind === "muon_end").map((op) => op.out.parameter);
  const [one, other] = stacks.map((id) => update.tensors[id]) as [Tensor, Tensor];
  const moved = (stretch: Tensor["stretch"]): Program => withTensor(update, other.id, { ...(stretch && { stretch }) });
  expect(() => verify(moved(one.stretch))).toThrow("two ops change the same parameters");
  expect(() => verify(moved({ arena: "parameters", first: 1e6, size: 64 }))).toThrow(
    "parameters is a stretch outside the arenas",
  );
});

test.each(["gradients", "norm"] as const)("an update with %s of another shape is invalid", (key) => {
  const op = update.ops[at(update, "adamw")] as Extract<Op, { kind: "adamw" }>;
  const id = op.in[key];
  const { shape } = update.tensors[id] as Tensor;
  expect(() => verify(withTensor(update, id, { shape: [(shape[0] as number) + 1] }))).toThrow(/shape \[/);
});

test.each(["a", "b", "c"] as const)("a product of stacks whose %s has another shape is invalid", (key) => {
  const index = update.ops.findIndex((op) => op.kind === "matmul" && op.in.c !== undefined);
  const op = update.ops[index] as Extract<Op, { kind: "matmul" }>;
  const id = op.in[key] as TensorId;
  const copy = update.tensors.length as TensorId;
  const { stretch: _, ...tensor } = update.tensors[id] as Tensor;
  const [n = 0, ...sides] = tensor.shape;
  const invalid = {
    ...tensor,
    id: copy,
    role: "batch",
    name: "invalid",
    means: called("invalid"),
    shape: [n + 1, ...sides],
  } as const;
  const program = { ...update, tensors: [...update.tensors, invalid] };
  expect(() => verify(withOp(program, index, { ...op, in: { ...op.in, [key]: copy } }))).toThrow(/shape \[/);
});

test("only ops of the update change parameters in place", () => {
  const { stretch } = update.tensors.find(({ role }) => role === "arena") as Tensor;
  const id = plain.ops[at(plain, "rms")]?.out as { readonly rstd: TensorId };
  const invalid = withTensor({ ...plain, arenas: update.arenas ?? [] }, id.rstd, {
    role: "arena",
    ...(stretch && { stretch }),
  });
  expect(() => verify(invalid)).toThrow(/\(rms\): writes the arena/);
});

function kindsOf(...programs: readonly Program[]): Record<string, true> {
  return Object.fromEntries(programs.flatMap(({ ops }) => ops.map(({ kind }) => [kind, true])));
}
