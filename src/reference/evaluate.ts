// The meaning of every op in float64, written for readability. Kernels are compared with it.
import { type Op, type OpKind, type OpOf, outputsOf } from "../ir/op.js";
import { tensorOf } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { choose } from "./choose.js";
import * as line from "./linear.js";
import * as mix from "./mixing.js";
import * as attend from "./mixing.js";
import * as point from "./pointwise.js";
import * as update from "./update.js";
import { columns, make, type Values } from "./values.js";

const MEANING: { readonly [K in OpKind]: (v: Values, op: OpOf<K>) => void } = {
  embed: point.embed,
  embed_grad: point.embedGrad,
  gather: point.gather,
  add_items: point.addItems,
  sum_items: point.sumItems,
  noise: point.noise,
  linear: line.linear,
  linear_dx: line.linearDx,
  linear_dw: line.linearDw,
  rms: line.rms,
  rescale: line.rescale,
  norm_grad: line.normGrad,
  conv: mix.conv,
  conv_grad: mix.convGrad,
  scan: mix.scan,
  scan_grad: mix.scanGrad,
  rotate: attend.rotate,
  attention: attend.attention,
  attention_grad: attend.attentionGrad,
  append: attend.append,
  choose: choose,
  cast: point.cast,
  amplify: point.amplify,
  activate: point.activate,
  activate_grad: point.activateGrad,
  swiglu: point.swiglu,
  swiglu_grad: point.swigluGrad,
  add: point.combine,
  subtract: point.combine,
  multiply: point.combine,
  split: point.blocks,
  concat: point.blocks,
  cross_entropy: point.crossEntropy,
  cross_entropy_grad: point.crossEntropyGrad,
  token_loss: point.tokenLoss,
  squared_error: point.squaredError,
  squared_error_grad: point.squaredErrorGrad,
  sum_by_class: point.sumByClass,
  dot: point.dot,
  gradient_norm: update.gradientNorm,
  adamw: update.adamw,
  muon_sums: update.muonSums,
  muon_begin: update.muonBegin,
  muon_end: update.muonEnd,
  matmul: update.matmul,
};

/** Copies numbers between a written tensor and its views, in both directions. */
function spread(v: Values, id: TensorId): void {
  const { tensors } = v.program;
  const wide = tensorOf(v.program, id).view?.of ?? id;
  for (const { id: part, view, shape } of tensors) {
    if (view?.of !== wide || (wide !== id && part !== id)) continue;
    const width = columns(v, wide);
    const K = shape.at(-1) as number;
    const whole = v.of.get(wide) ?? make(v, wide);
    const numbers = v.of.get(part) ?? make(v, part);
    for (let i = 0; i < numbers.length; i++) {
      const at = Math.floor(i / K) * width + view.column + (i % K);
      if (wide === id) numbers[i] = whole[at] as number;
      else whole[at] = numbers[i] as number;
    }
  }
}

/** Runs one op on the values. */
export function evaluateOp(v: Values, op: Op): void {
  (MEANING[op.kind] as (v: Values, op: Op) => void)(v, op);
  for (const id of outputsOf(op)) spread(v, id);
}

/** Runs a program. */
export function evaluate(v: Values): Values {
  for (const op of v.program.ops) evaluateOp(v, op);
  return v;
}
