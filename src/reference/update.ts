// The float64 meaning of the update: global-norm clipping as in PyTorch's clip_grad_norm_, the loss scale as in its
// GradScaler, then AdamW as in PyTorch.
import { BLOCK } from "../ir/arena.js";
import type { OpOf } from "../ir/op.js";
import { tensorOf } from "../ir/program.js";
import { kept, read, scalar, type Values } from "./values.js";

export function gradientNorm(v: Values, { in: { gradients }, out }: OpOf<"gradient_norm">): void {
  let sum = 0;
  for (const d of read(v, gradients)) sum += d * d;
  const norm = kept(v, out.norm);
  const bad = !Number.isFinite(sum);
  if (out.scale === undefined) {
    norm[0] = Math.sqrt(sum);
    if (bad) norm[1] = 1;
    return;
  }
  const scale = kept(v, out.scale);
  const [times = 1, good = 0] = scale;
  norm[0] = Math.sqrt(sum) / times;
  scale[1] = bad ? 0 : good + 1;
  scale[2] = bad ? 0 : 1 / times;
  if (bad && times <= 1) norm[1] = 1;
  if (bad) scale[0] = Math.max(1, times / 2);
  if (scale[1] >= 2000) {
    scale[0] = Math.min(2 ** 24, 2 * times);
    scale[1] = 0;
  }
}

/** What gradients are multiplied by; undefined where nothing is updated. */
function shareOf(
  v: Values,
  guard: { readonly norm: OpOf<"adamw">["in"]["norm"]; readonly scale?: OpOf<"adamw">["in"]["scale"] },
): number | undefined {
  const [norm = 0, stopped] = read(v, guard.norm);
  const factor = guard.scale === undefined ? 1 : (read(v, guard.scale)[2] as number);
  if (stopped !== 0 || factor === 0) return undefined;
  return Math.min(1, scalar(v, "clip") / (norm + 1e-6)) * factor;
}

export function adamw(v: Values, { in: i, out }: OpOf<"adamw">): void {
  const share = shareOf(v, i);
  if (share === undefined) return;
  const [lr, beta1, beta2, eps, weight_decay, correction1, correction2] = [
    "lr",
    "beta1",
    "beta2",
    "eps",
    "weight_decay",
    "correction1",
    "correction2",
  ].map((name) => scalar(v, name)) as [number, number, number, number, number, number, number];
  const gradients = read(v, i.gradients);
  const [decay, parameters, m1, m2] = [i.decay, out.parameters, out.m, out.v].map((id) => read(v, id)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const first = tensorOf(v.program, i.gradients).stretch?.first ?? 0;
  gradients.forEach((gradient, at) => {
    const d = gradient * share;
    const m = beta1 * (m1[at] as number) + (1 - beta1) * d;
    const square = beta2 * (m2[at] as number) + (1 - beta2) * d * d;
    m1[at] = m;
    m2[at] = square;
    const block = Math.floor((first + at) / BLOCK);
    const decays = ((decay[block >>> 5] as number) >>> (block & 31)) & 1;
    const kept = (parameters[at] as number) * (1 - lr * weight_decay * decays);
    parameters[at] = kept - (lr * (m / correction1)) / (Math.sqrt(square / correction2) + eps);
  });
}
