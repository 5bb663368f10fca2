// differentiate: appends the ops that make the gradient of the total loss by every parameter (reverse mode).
import { type Op, type OpKind, type OpOf, outputsOf } from "../ir/op.js";
import { build, type Program, type TensorId, tensorOf } from "../ir/program.js";

interface Context {
  /** The gradient by an output, once everything that reads it has been passed. */
  gradient(of: TensorId): TensorId | undefined;
  /** A new tensor for the gradient by `of`; for a parameter the one that adds up over micro-batches. */
  fresh(of: TensorId): TensorId;
  /** Says that `gradient` is one more term of the gradient by `to`. */
  contribute(to: TensorId, gradient: TensorId): void;
  add(op: Op): void;
  /** Whether a tensor comes from the host. */
  given(id: TensorId): boolean;
}

type Rule<K extends OpKind> = (op: OpOf<K>, context: Context) => void;
const none = (): void => {};

/** The rule for an op with one differentiable output: nothing happens where no gradient reaches it. */
function through<K extends OpKind>(
  output: (op: OpOf<K>) => TensorId,
  rule: (op: OpOf<K>, dy: TensorId, context: Context) => void,
): Rule<K> {
  return (op, context) => {
    const dy = context.gradient(output(op));
    if (dy !== undefined) rule(op, dy, context);
  };
}

function make<T extends Op>(context: Context, to: TensorId, op: (out: TensorId) => T): void {
  const out = context.fresh(to);
  context.add(op(out));
  context.contribute(to, out);
}

const linear = through<"linear">(
  (op) => op.out.y,
  (op, dy, context) => {
    const { x, weight, bias } = op.in;
    if (op.activation || op.in.rstd !== undefined || op.in.residual !== undefined) {
      throw new Error("differentiate runs before fusion");
    }
    make(context, x, (dx) => ({ kind: "linear_dx", in: { dy, weight }, out: { dx }, rows: op.rows }));
    const dweight = context.fresh(weight);
    const out = bias === undefined ? { dweight } : { dweight, dbias: context.fresh(bias) };
    context.add({ kind: "linear_dw", in: { dy, x }, out, rows: op.rows });
  },
);

const rescale = through<"rescale">(
  (op) => op.out.y,
  (op, dy, context) => {
    const dscale = context.fresh(op.in.scale);
    make(context, op.in.x, (dx) => ({ kind: "norm_grad", in: { ...op.in, dy }, out: { dx, dscale }, rows: op.rows }));
  },
);

/** A state that enters comes from outside the program, and no loss depends on the one that leaves. */
function stateIsConstant(context: Context, enters: TensorId | undefined, leaves: TensorId | undefined): void {
  if (enters !== undefined && !context.given(enters)) throw new Error("the state that enters would need a gradient");
  if (leaves !== undefined && context.gradient(leaves) !== undefined) {
    throw new Error("the state that leaves has a gradient, which goes no further");
  }
}

const conv = through<"conv">(
  (op) => op.out.y,
  (op, dy, context) => {
    stateIsConstant(context, op.in.tail, op.out.tail_out);
    const dweight = context.fresh(op.in.weight);
    const dbias = context.fresh(op.in.bias);
    make(context, op.in.x, (dx) => ({
      kind: "conv_grad",
      in: { ...op.in, dy },
      out: { dx, dweight, dbias },
      rows: op.rows,
    }));
  },
);

const scan = through<"scan">(
  (op) => op.out.y,
  (op, dy, context) => {
    const { u, delta, B, C, A_log, D, h0 } = op.in;
    stateIsConstant(context, h0, op.out.h_end);
    const out = {
      du: context.fresh(u),
      ddelta: context.fresh(delta),
      dB: context.fresh(B),
      dC: context.fresh(C),
      dA_log: context.fresh(A_log),
      dD: context.fresh(D),
    };
    const { rowsA, rowsD } = op;
    const { carry } = op.out;
    const reset = op.in.reset === undefined ? {} : { reset: op.in.reset };
    context.add({ kind: "scan_grad", in: { dy, u, delta, B, C, A_log, D, carry, ...reset }, out, rowsA, rowsD });
    context.contribute(u, out.du);
    context.contribute(delta, out.ddelta);
    context.contribute(B, out.dB);
    context.contribute(C, out.dC);
  },
);

const attention = through<"attention">(
  (op) => op.out.y,
  (op, dy, context) => {
    const { q, k, v, keys } = op.in;
    const { y, lse } = op.out;
    const { heads, kv_heads } = op;
    const out = { dq: context.fresh(q), dk: context.fresh(k), dv: context.fresh(v) };
    context.add({ kind: "attention_grad", in: { dy, q, k, v, keys, y, lse }, out, heads, kv_heads });
    context.contribute(q, out.dq);
    context.contribute(k, out.dk);
    context.contribute(v, out.dv);
  },
);

/** Caches are for going on from what was read; nothing is learned through them. */
const append: Rule<"append"> = (op, context) => {
  if (context.gradient(op.out.y) !== undefined) throw new Error("a cache has no gradient");
};

const split: Rule<"split"> = (op, context) => {
  const parts = Object.entries(op.out).map(([key, id]) => [key, context.gradient(id)] as const);
  if (parts.every(([, id]) => id === undefined)) return;
  const known = parts.map(([key, id]) => {
    if (id === undefined) throw new Error(`part ${key} of a split has no gradient`);
    return [key, id] as const;
  });
  make(context, op.in.x, (y) => ({ kind: "concat", in: Object.fromEntries(known), out: { y } }));
};

const concat: Rule<"concat"> = (op, context) => {
  const dy = context.gradient(op.out.y);
  if (dy === undefined) return;
  const out = Object.fromEntries(Object.entries(op.in).map(([key, id]) => [key, context.fresh(id)]));
  context.add({ kind: "split", in: { x: dy }, out });
  for (const [key, id] of Object.entries(op.in)) context.contribute(id, out[key] as TensorId);
};

/** The gradient of every op. Ops that losses never reach, and those that only carry gradients, have none. */
const RULES: { readonly [K in OpKind]: Rule<K> } = {
  embed: through<"embed">(
    (op) => op.out.y,
    (op, dy, context) => {
      const { tokens, weight } = op.in;
      context.add({ kind: "embed_grad", in: { tokens, dy }, out: { dweight: context.fresh(weight) } });
    },
  ),
  gather: none,
  add_pictures: through<"add_pictures">(
    (op) => op.out.y,
    (op, dy, context) => {
      context.contribute(op.in.x, dy);
      const { pictures, picture } = op.in;
      make(context, pictures, (dpictures) => ({ kind: "sum_pictures", in: { dy, picture }, out: { dpictures } }));
    },
  ),
  noise: none,
  linear,
  rms: none,
  rescale,
  conv,
  scan,
  rotate: through<"rotate">(
    (op) => op.out.y,
    (op, dy, context) => {
      const { x, position, table } = op.in;
      const { heads, inverse } = op;
      const back = { x: dy, position, table };
      make(context, x, (y) => ({ kind: "rotate", in: back, out: { y }, heads, inverse: !inverse }));
    },
  ),
  attention,
  append,
  // Precision and the scale of the losses come after gradients.
  cast: none,
  amplify: none,
  activate: through<"activate">(
    (op) => op.out.y,
    (op, dy, context) => {
      const { activation } = op;
      const x = activation === "softplus" ? op.out.y : op.in.x;
      make(context, op.in.x, (dx) => ({ kind: "activate_grad", in: { dy, x }, out: { dx }, activation }));
    },
  ),
  add: through<"add">(
    (op) => op.out.y,
    (op, dy, context) => {
      context.contribute(op.in.a, dy);
      context.contribute(op.in.b, dy);
    },
  ),
  multiply: through<"multiply">(
    (op) => op.out.y,
    (op, dy, context) => {
      const { a, b } = op.in;
      make(context, a, (y) => ({ kind: "multiply", in: { a: dy, b }, out: { y } }));
      make(context, b, (y) => ({ kind: "multiply", in: { a: dy, b: a }, out: { y } }));
    },
  ),
  split,
  concat,
  cross_entropy: (op, context) => {
    const { logits, target, scale } = op.in;
    const { lse } = op.out;
    make(context, logits, (dlogits) => ({
      kind: "cross_entropy_grad",
      in: { logits, lse, target, scale },
      out: { dlogits },
    }));
  },
  squared_error: (op, context) => {
    const { prediction, noise, scale } = op.in;
    make(context, prediction, (dprediction) => ({
      kind: "squared_error_grad",
      in: { prediction, noise, scale },
      out: { dprediction },
    }));
  },
  dot: (op, context) => {
    context.contribute(op.in.a, op.in.b);
  },
  sum_by_class: none,
  embed_grad: none,
  sum_pictures: none,
  linear_dx: none,
  linear_dw: none,
  norm_grad: none,
  conv_grad: none,
  scan_grad: none,
  attention_grad: none,
  activate_grad: none,
  swiglu: none,
  swiglu_grad: none,
  cross_entropy_grad: none,
  token_loss: none,
  squared_error_grad: none,
};

/** Drops ops whose outputs nobody reads: gradients by the batch, carries of a scan that is not replayed. */
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
 * The program with its gradients. The gradient by a parameter is the tensor of role `gradient` with its name;
 * that by a tensor named in `wanted` becomes a result named `grad.NAME`.
 */
export function differentiate(forward: Program, wanted: readonly string[] = []): Program {
  const builder = build(forward.name, forward, forward);
  const terms = new Map<TensorId, TensorId>();
  const parameters = new Set(forward.parameters.map((p) => p.tensor));
  const ops: Op[] = [];
  const context: Context = {
    gradient: (of) => terms.get(of),
    fresh: (of) => {
      const { name, shape } = tensorOf(forward, of);
      if (parameters.has(of)) return builder.input("gradient", name, shape);
      return builder.tensor("value", `d ${name}`, shape);
    },
    contribute: (to, gradient) => {
      // A parameter's gradient adds up over micro-batches: one op makes it, into the tensor that `fresh` gave.
      if (parameters.has(to) && (gradient as number) !== context.fresh(to)) {
        throw new Error(`the gradient by ${tensorOf(forward, to).name} would be a sum of several`);
      }
      const before = terms.get(to);
      if (before === undefined) {
        terms.set(to, gradient);
        return;
      }
      const { name, shape } = tensorOf(forward, to);
      const y = builder.tensor("value", `d ${name}`, shape);
      ops.push({ kind: "add", in: { a: gradient, b: before }, out: { y } });
      terms.set(to, y);
    },
    add: (op) => {
      ops.push(op);
    },
    given: (id) => tensorOf(forward, id).role === "batch",
  };
  for (const op of [...forward.ops].reverse()) (RULES[op.kind] as Rule<OpKind>)(op as never, context);
  for (const op of ops) builder.add(op);
  const program = builder.program();
  const sources = forward.tensors.filter((t) => wanted.includes(t.name));
  const tensors = program.tensors.map((tensor) => {
    const source = sources.find((t) => terms.get(t.id) === tensor.id);
    return source ? { ...tensor, role: "result" as const, name: `grad.${source.name}` } : tensor;
  });
  const named = { ...program, tensors };
  return { ...named, ops: prune(named.ops, named) };
}
