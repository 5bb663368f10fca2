// differentiate: appends the ops that compute the gradient of the total loss with respect to every parameter (reverse
// mode). The gradient of an op is in its row (ir/ops).
import { build } from "../ir/builder.js";
import { labelOf, type Meaning } from "../ir/meaning.js";
import { type Op, outputsOf } from "../ir/op.js";
import { type Gradients, opOf } from "../ir/ops/row.js";
import { rowOf } from "../ir/ops/table.js";
import { type Program, tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";

/** Removes ops whose outputs are never read: gradients of the batch, carries of a scan that is not replayed. */
function prune(ops: readonly Op[], program: Program): Op[] {
  const wanted = new Set<TensorId>(
    program.tensors.filter((t) => t.role === "result" || t.role === "gradient").map((t) => t.id),
  );
  const kept: Op[] = [];
  for (const op of ops.toReversed()) {
    if (!outputsOf(op).some((id) => wanted.has(id))) continue;
    for (const id of Object.values(op.in as Record<string, TensorId>)) wanted.add(id);
    kept.push(op);
  }
  return kept.reverse();
}

/**
 * The program with its gradients. The gradient of a parameter is the tensor of role `gradient` with the same name.
 * The gradient of a field whose meaning is in `wanted` is a result.
 */
export function differentiate(forward: Program, wanted: readonly Meaning[] = []): Program {
  const builder = build(forward.name, forward, forward);
  const terms = new Map<TensorId, TensorId>();
  const parameters = new Set(forward.parameters.map((p) => p.tensor));
  const ops: Op[] = [];
  const fresh = (of: TensorId): TensorId => {
    const { name, shape } = tensorOf(forward, of);
    if (parameters.has(of)) return builder.gradient(name, shape);
    return builder.tensor("value", `d ${name}`, shape);
  };
  const contribute = (to: TensorId, gradient: TensorId): void => {
    const before = terms.get(to);
    if (before === undefined) {
      terms.set(to, gradient);
      return;
    }
    const { name, shape } = tensorOf(forward, to);
    const y = builder.tensor("value", `d ${name}`, shape);
    ops.push({ kind: "add", in: { a: gradient, b: before }, out: { y } });
    terms.set(to, y);
  };
  const gradients: Gradients = {
    of: (id) => terms.get(id),
    contribute: (to, gradient) => {
      // A parameter's gradient accumulates over micro-batches, so exactly one op writes it, into its own tensor.
      if (parameters.has(to))
        throw new Error(`the gradient by ${tensorOf(forward, to).name} would be a sum of several`);
      contribute(to, gradient);
    },
    make: (kind, call, by) => {
      const named = Object.entries(by as Readonly<Record<string, TensorId>>);
      const out = Object.fromEntries(named.map(([key, of]) => [key, fresh(of)]));
      ops.push(opOf(kind, call, out));
      for (const [key, of] of named) if (!parameters.has(of)) contribute(of, out[key] as TensorId);
    },
    given: (id) => tensorOf(forward, id).role === "batch",
  };
  for (const op of [...forward.ops].reverse()) rowOf(op.kind).gradient?.(op, gradients);
  for (const op of ops) builder.op(op);
  const program = builder.program();
  const labels = new Set(wanted.map((means) => labelOf(means)));
  const sources = forward.tensors.flatMap(({ id, means, scope }) =>
    means !== undefined && labels.has(labelOf(means))
      ? [{ id, means: { is: "gradient", of: means } as const, scope }]
      : [],
  );
  const tensors = program.tensors.map((tensor) => {
    const source = sources.find((t) => terms.get(t.id) === tensor.id);
    if (source === undefined) return tensor;
    const { means, scope } = source;
    const name = labelOf(means, scope);
    return { ...tensor, role: "result" as const, means, name, ...(scope !== undefined && { scope }) };
  });
  const named = { ...program, tensors };
  return { ...named, ops: prune(named.ops, named) };
}
