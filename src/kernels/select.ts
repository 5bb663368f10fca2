// The kernels that can run each op: a total map from ops to their variants.
import type { Op, OpKind, OpOf } from "../ir/op.js";
import type { Program } from "../ir/program.js";
import type { Stretch } from "../ir/tensor.js";
import * as attend from "./attention.js";
import { choose } from "./choose.js";
import { conv, convGrad } from "./conv.js";
import { DEFAULT_SETTINGS, type DraftChoice, type KernelSettings } from "./draft.js";
import * as line from "./linear.js";
import * as muon from "./muon.js";
import * as point from "./pointwise.js";
import * as row from "./rowwise.js";
import { scan } from "./scan.js";
import { scanGrad } from "./scan-gradient.js";
import { tokenLoss } from "./token-loss.js";
import * as update from "./update.js";

const KERNELS: {
  readonly [K in OpKind]: (
    program: Program,
    op: OpOf<K>,
    settings: KernelSettings,
    regions: readonly Stretch[],
  ) => DraftChoice[];
} = {
  embed: point.embed,
  embed_grad: point.embedGrad,
  gather: point.gather,
  add_items: point.addItems,
  sum_items: point.sumItems,
  noise: point.noise,
  linear: line.linear,
  linear_dx: line.linearDx,
  linear_dw: line.linearDw,
  rms: row.rms,
  rescale: point.rescale,
  norm_grad: row.normGrad,
  conv: conv,
  conv_grad: convGrad,
  scan: scan,
  scan_grad: scanGrad,
  rotate: point.rotate,
  attention: attend.attention,
  attention_grad: attend.attentionGrad,
  append: point.append,
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
  cross_entropy: row.crossEntropy,
  cross_entropy_grad: point.crossEntropyGrad,
  token_loss: tokenLoss,
  squared_error: row.squaredError,
  squared_error_grad: point.squaredErrorGrad,
  sum_by_class: row.sumByClass,
  dot: row.dot,
  gradient_norm: (program, op, _, regions) => update.gradientNorm(program, op, regions),
  adamw: (program, op, _, regions) => update.adamw(program, op, regions),
  muon_sums: muon.muonSums,
  muon_begin: muon.muonBegin,
  muon_end: muon.muonEnd,
  matmul: muon.matmul,
};

const usesF16 = ({ dispatches }: DraftChoice): boolean =>
  dispatches.some(({ bindings }) => bindings.some(({ type }) => type.includes("f16")));

/**
 * Every way to run an op, the preferred one first.
 * @param regions the regions of the arenas, if an arena has several
 */
export const selectKernels = (
  program: Program,
  op: Op,
  settings: KernelSettings = DEFAULT_SETTINGS,
  regions: readonly Stretch[] = update.unsplitRegions(program),
): DraftChoice[] =>
  (KERNELS[op.kind] as (...of: [Program, Op, KernelSettings, readonly Stretch[]]) => DraftChoice[])(
    program,
    op,
    settings,
    regions,
  ).map((choice) => (usesF16(choice) ? { ...choice, requires: { ...choice.requires, f16: true } } : choice));
