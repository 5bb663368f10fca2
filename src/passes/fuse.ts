// fuse: fewer dispatches and fewer bytes for the same numbers. Each rewrite has a name and a description.
import { consumers, isUniform, producers, sameRows } from "../ir/facts.js";
import { inputsOf, type Op, type OpKind, type OpOf, outputsOf } from "../ir/op.js";
import { type Program, tensorOf } from "../ir/program.js";
import { bytesIn, type Tensor, type TensorId } from "../ir/tensor.js";

export interface FuseLimits {
  /** Storage buffers that one kernel may bind; some fusions need more than WebGPU's default of 8. */
  readonly storageBuffers: number;
  /** Norms stay separate from the products that read them, so that the product's operand is converted to f16 once. */
  readonly f16?: boolean;
}

/**
 * Storage buffers of the backward scan with its gate fused in. It needs one more if A or D has groups, or with resets.
 */
export const GATED_SCAN_BUFFERS = 11;

/** The program under rewriting. Rewrites change it only through these functions. */
interface Rewriting {
  /** Its tensors are current; its ops are those before all rewrites. */
  readonly program: Program;
  readonly limits: FuseLimits;
  /** The current ops, in program order. */
  ops(): readonly Op[];
  before(a: Op, b: Op): boolean;
  producer(id: TensorId): Op | undefined;
  /** In program order. */
  readers(id: TensorId): readonly Op[];
  /** Replaces `old` by `next`. */
  replace(old: Op, next: Op): void;
  remove(op: Op): void;
  view(part: TensorId, of: TensorId, column: number): void;
}

interface Rewrite {
  readonly name: string;
  readonly description: string;
  /** Applies the rewrite wherever it fits. Returns the number of times. */
  readonly apply: (r: Rewriting) => number;
}

const ofKind = <K extends OpKind>(r: Rewriting, kind: K): OpOf<K>[] =>
  r.ops().filter((op): op is OpOf<K> => op.kind === kind);

const reader = <K extends OpKind>(r: Rewriting, id: TensorId, kind: K): OpOf<K> | undefined =>
  r.readers(id).find((op): op is OpOf<K> => op.kind === kind);

function tokenLoss(r: Rewriting): number {
  let times = 0;
  for (const entropy of ofKind(r, "cross_entropy")) {
    const head = r.producer(entropy.in.logits);
    if (head?.kind !== "linear" || head.in.bias !== undefined || !isUniform(head.rows)) continue;
    const grad = reader(r, entropy.out.lse, "cross_entropy_grad");
    const dx = grad && reader(r, grad.out.dlogits, "linear_dx");
    const dw = grad && reader(r, grad.out.dlogits, "linear_dw");
    const out = {
      loss: entropy.out.loss,
      ...(dx ? { dx: dx.out.dx } : {}),
      ...(dw ? { dweight: dw.out.dweight } : {}),
    };
    const { x, weight } = head.in;
    const { target, scale } = entropy.in;
    r.replace(entropy, { kind: "token_loss", in: { x, weight, target, scale }, out });
    for (const op of [head, grad, dx, dw]) if (op) r.remove(op);
    times++;
  }
  return times;
}

function normIntoLinear(r: Rewriting): number {
  if (r.limits.f16) return 0;
  let times = 0;
  for (const norm of ofKind(r, "rescale")) {
    const uses = r.readers(norm.out.y);
    const fits = uses.every(
      (op): op is OpOf<"linear"> | OpOf<"linear_dw"> =>
        (op.kind === "linear" || op.kind === "linear_dw") &&
        op.in.x === norm.out.y &&
        (tensorOf(r.program, norm.in.scale).shape[0] === 1 || sameRows(norm.rows, op.rows)),
    );
    if (!fits) continue;
    for (const op of uses) {
      if (op.kind === "linear") r.replace(op, { ...op, in: { ...op.in, ...norm.in } });
      if (op.kind === "linear_dw") r.replace(op, { ...op, in: { ...op.in, ...norm.in } });
    }
    r.remove(norm);
    times++;
  }
  return times;
}

function softplusIntoLinear(r: Rewriting): number {
  let times = 0;
  for (const activate of ofKind(r, "activate")) {
    const linear = r.producer(activate.in.x);
    if (activate.activation !== "softplus" || linear?.kind !== "linear") continue;
    if (r.readers(activate.in.x).length !== 1) continue;
    r.replace(linear, { ...linear, out: { y: activate.out.y }, activation: "softplus" });
    r.remove(activate);
    times++;
  }
  return times;
}

/** The slope of softplus joins the gradient of the scan, which reads Δ anyway. */
function softplusIntoScan(r: Rewriting): number {
  let times = 0;
  for (const slope of ofKind(r, "activate_grad")) {
    const grad = r.producer(slope.in.dy);
    if (slope.activation !== "softplus" || grad?.kind !== "scan_grad") continue;
    if (grad.out.ddelta !== slope.in.dy || grad.in.delta !== slope.in.x) continue;
    if (r.readers(slope.in.dy).length !== 1) continue;
    r.replace(grad, { ...grad, out: { ...grad.out, ddelta: slope.out.dx }, activation: "softplus" });
    r.remove(slope);
    times++;
  }
  return times;
}

function siluIntoConv(r: Rewriting): number {
  let times = 0;
  for (const conv of ofKind(r, "conv")) {
    const activate = reader(r, conv.out.y, "activate");
    if (activate?.activation !== "silu") continue;
    const slope = reader(r, conv.out.y, "activate_grad");
    const grad = slope && reader(r, slope.out.dx, "conv_grad");
    if (r.readers(conv.out.y).length !== (slope ? 2 : 1)) continue;
    r.replace(conv, { ...conv, out: { ...conv.out, y: activate.out.y }, activation: "silu" });
    r.remove(activate);
    if (slope && grad) {
      r.replace(grad, { ...grad, in: { ...grad.in, dy: slope.in.dy }, activation: "silu" });
      r.remove(slope);
    }
    times++;
  }
  return times;
}

function gateIntoScan(r: Rewriting): number {
  let times = 0;
  for (const scan of ofKind(r, "scan")) {
    const gated = reader(r, scan.out.y, "multiply");
    const silu = gated && r.producer(gated.in.b);
    if (!gated || silu?.kind !== "activate" || silu.activation !== "silu") continue;
    const z = silu.in.x;
    const grad = reader(r, scan.out.carry, "scan_grad");
    if (grad) {
      const marked = isUniform(scan.rowsA) && isUniform(scan.rowsD) && scan.in.reset === undefined ? 0 : 1;
      if (r.limits.storageBuffers < GATED_SCAN_BUFFERS + marked) continue;
      const dy = r.producer(grad.in.dy);
      const slope = reader(r, z, "activate_grad");
      const dgate = slope && r.producer(slope.in.dy);
      if (dy?.kind !== "multiply" || dgate?.kind !== "multiply" || !slope) continue;
      r.replace(grad, { ...grad, in: { ...grad.in, dy: dy.in.a, z }, out: { ...grad.out, dz: slope.out.dx } });
      for (const op of [dy, slope, dgate]) r.remove(op);
    }
    r.replace(scan, { ...scan, in: { ...scan.in, z }, out: { ...scan.out, y: gated.out.y } });
    r.remove(gated);
    r.remove(silu);
    times++;
  }
  return times;
}

/** The product of a feed-forward block: both factors come from linear layers. */
function siluIntoProduct(r: Rewriting): number {
  let times = 0;
  for (const product of ofKind(r, "multiply")) {
    const silu = r.producer(product.in.b);
    if (silu?.kind !== "activate" || silu.activation !== "silu") continue;
    const { x: a } = silu.in;
    const { a: b, b: gate } = product.in;
    if (r.producer(a)?.kind !== "linear" || r.producer(b)?.kind !== "linear") continue;
    const slope = reader(r, a, "activate_grad");
    if (slope) {
      const dgate = r.producer(slope.in.dy);
      const db = r.readers(gate).find((op) => op !== product);
      if (dgate?.kind !== "multiply" || db?.kind !== "multiply" || r.readers(gate).length !== 2) continue;
      if (r.readers(slope.in.dy).length !== 1) continue;
      // The new op takes the place of the first: all three wait only for dy.
      const out = { da: slope.out.dx, db: db.out.y };
      const [first, ...rest] = [dgate, db, slope].sort((p, q) => (r.before(p, q) ? -1 : 1)) as [Op, Op, Op];
      r.replace(first, { kind: "swiglu_grad", in: { dy: dgate.in.a, a, b }, out });
      for (const op of rest) r.remove(op);
    } else if (r.readers(gate).length !== 1) continue;
    r.replace(product, { kind: "swiglu", in: { a, b }, out: product.out });
    r.remove(silu);
    times++;
  }
  return times;
}

function residualIntoProducer(r: Rewriting): number {
  let times = 0;
  for (const add of ofKind(r, "add")) {
    for (const [mine, other] of [
      [add.in.a, add.in.b],
      [add.in.b, add.in.a],
    ] as const) {
      const op = r.producer(mine);
      if (op?.kind !== "linear" && op?.kind !== "linear_dx" && op?.kind !== "norm_grad") continue;
      if (op.in.residual !== undefined || r.readers(mine).length !== 1) continue;
      const maker = r.producer(other);
      if (maker && r.before(op, maker)) continue;
      if (op.kind === "linear") r.replace(op, { ...op, in: { ...op.in, residual: other }, out: { y: add.out.y } });
      if (op.kind === "linear_dx") r.replace(op, { ...op, in: { ...op.in, residual: other }, out: { dx: add.out.y } });
      if (op.kind === "norm_grad") {
        r.replace(op, { ...op, in: { ...op.in, residual: other }, out: { ...op.out, dx: add.out.y } });
      }
      r.remove(add);
      times++;
      break;
    }
  }
  return times;
}

function columnsAsViews(r: Rewriting): number {
  let times = 0;
  const viewed = new Set<TensorId>();
  for (const op of r.ops().filter((o) => o.kind === "split" || o.kind === "concat")) {
    const [wide, parts] = op.kind === "split" ? [op.in.x, op.out] : [op.out.y, op.in];
    if (wide === undefined || tensorOf(r.program, wide).role !== "value") continue;
    const tensors = Object.values(parts as Record<string, TensorId>).map((id) => tensorOf(r.program, id));
    // A tensor is a view of one tensor only, and a view has no views.
    const free = tensors.filter((t) => t.role === "value" && !t.view && !viewed.has(t.id));
    if (new Set(free).size < tensors.length || viewed.has(wide as TensorId)) continue;
    let column = 0;
    viewed.add(wide as TensorId);
    for (const tensor of tensors) {
      r.view(tensor.id, wide as TensorId, column);
      viewed.add(tensor.id);
      column += tensor.shape.at(-1) as number;
    }
    r.remove(op);
    times++;
  }
  return times;
}

export const REWRITES: readonly Rewrite[] = [
  {
    name: "token-loss",
    description: "head, cross-entropy and their gradients in chunks of rows: logits are never stored",
    apply: tokenLoss,
  },
  { name: "norm", description: "the RMS norm's scaling becomes the linear layer's prologue", apply: normIntoLinear },
  { name: "softplus", description: "softplus becomes the linear layer's epilogue", apply: softplusIntoLinear },
  { name: "Δ", description: "the slope of softplus joins the gradient of the scan", apply: softplusIntoScan },
  {
    name: "silu",
    description: "SiLU joins the convolution; its backward pass recomputes what it needs",
    apply: siluIntoConv,
  },
  { name: "gate", description: "the gate joins the scan; its backward pass recomputes y", apply: gateIntoScan },
  {
    name: "swiglu",
    description: "SiLU joins its product; one op computes the backward pass of both",
    apply: siluIntoProduct,
  },
  {
    name: "residual",
    description: "sums become the epilogue of the op that computes one of their terms",
    apply: residualIntoProducer,
  },
  { name: "views", description: "columns are read and written in place instead of copied", apply: columnsAsViews },
];

export interface Fused {
  readonly program: Program;
  readonly applied: readonly { readonly name: string; readonly description: string; readonly times: number }[];
}

/** A program under rewriting. Each change updates the producers and readers of tensors. */
function rewriting(program: Program, limits: FuseLimits): Rewriting {
  const slots: (Op | undefined)[] = [...program.ops];
  const slotOf = new Map(program.ops.map((op, slot) => [op, slot]));
  const tensors: Tensor[] = [...program.tensors];
  const made = producers(program.ops);
  /**
   * Includes removed ops, in no order. Every layer reads some tensors, and no rewrite asks for the readers of those.
   */
  const read = consumers(program.ops);
  const place = (op: Op): number => {
    const slot = slotOf.get(op);
    if (slot === undefined) throw new Error(`a rewrite touches a ${op.kind} that the program no longer has`);
    return slot;
  };
  const take = (op: Op): number => {
    const slot = place(op);
    slots[slot] = undefined;
    slotOf.delete(op);
    for (const id of outputsOf(op)) if (made.get(id) === op) made.delete(id);
    return slot;
  };
  const put = (op: Op, slot: number): void => {
    slots[slot] = op;
    slotOf.set(op, slot);
    for (const id of outputsOf(op)) made.set(id, op);
    for (const id of inputsOf(op)) {
      const readers = read.get(id);
      if (readers === undefined) read.set(id, [op]);
      else if (readers.at(-1) !== op) readers.push(op);
    }
  };
  return {
    program: { ...program, tensors },
    limits,
    ops: () => slots.filter((op) => op !== undefined),
    before: (a, b) => place(a) < place(b),
    producer: (id) => made.get(id),
    readers: (id) => (read.get(id) ?? []).filter((op) => slotOf.has(op)).sort((a, b) => place(a) - place(b)),
    replace: (old, next) => put(next, take(old)),
    remove: take,
    view: (part, of, column) => {
      tensors[part] = { ...tensorOf(program, part), view: { of, column } };
    },
  };
}

export function fuse(program: Program, limits: FuseLimits): Fused {
  const r = rewriting(program, limits);
  const applied = REWRITES.map(({ name, description, apply }) => ({ name, description, times: apply(r) }));
  return { program: { ...r.program, ops: r.ops() }, applied };
}

/** The bytes that the ops of a program read and write. A tensor counts once for each op that uses it. */
export function bytesMoved(program: Program): number {
  return program.ops.reduce((sum, op) => {
    const ids = [...Object.values(op.in as Record<string, TensorId>), ...outputsOf(op)];
    return sum + ids.reduce((s, id) => s + bytesIn(tensorOf(program, id)), 0);
  }, 0);
}
