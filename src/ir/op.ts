// The ops of a program: a closed union. Comments give the shape of each operand; R is rows (batch × length), G groups.
import type { Ownership } from "./ownership.js";
import type { TensorId } from "./tensor.js";

/**
 * The copy of a weight that each row uses. Over positions, it is the copy of the position's modality. A modality whose
 * group is −1 uses none; at its positions the op's output is the residual alone, or 0. Over items, it is the only copy.
 */
export type Rows = ({ readonly over: "positions" } & Ownership) | { readonly over: "items"; readonly groups: 1 };

export type Activation = "silu" | "softplus";

type Define<
  Kind extends string,
  In extends string,
  Out extends string,
  Attributes = unknown,
  MaybeIn extends string = never,
  MaybeOut extends string = never,
> = {
  readonly kind: Kind;
  readonly in: Readonly<Record<In, TensorId> & Partial<Record<MaybeIn, TensorId>>>;
  readonly out: Readonly<Record<Out, TensorId> & Partial<Record<MaybeOut, TensorId>>>;
} & Attributes;

/** y[r] = weight[tokens[r]], or 0 if the token is negative. tokens [R], weight [1, V, d], y [R, d]. */
export type Embed = Define<"embed", "tokens" | "weight", "y">;
/** dweight[v] = Σ dy[r] over the rows whose token is v, in row order. */
export type EmbedGrad = Define<"embed_grad", "tokens" | "dy", "dweight">;

/** y[i] = table[index[i]]. table [T, K], index [I], y [I, K]. */
export type Gather = Define<"gather", "table" | "index", "y">;

/** y[r] = x[r] + items[item[r]], or x[r] if item[r] is negative. items [I, d], item [R]. */
export type AddItems = Define<"add_items", "x" | "items" | "item", "y">;
/** ditems[i] = Σ dy[r] over the rows with item[r] = i, in row order. */
export type SumItems = Define<"sum_items", "dy" | "item", "ditems">;

/**
 * noise[r, j] ~ N(0, 1), drawn as in random/noise.ts with key [2] for the row's item i = item[r]. items[i] holds the
 * item's first row, then the item, document and epoch numbers of its key.
 * noisy = level[r, 0]·clean + level[r, 1]·noise. Both are 0 if i is negative. clean [R, p], level [R, 2], items [I, 4].
 */
export type Noise = Define<
  "noise",
  "clean" | "level" | "item" | "items" | "key",
  "noisy" | "noise",
  { readonly modality: number }
>;

/**
 * y = activation(x̂ · weightᵀ + bias) + residual. x̂ is x, or x·rstd·scale if the norm is fused in.
 * x [R, K], weight [G, N, K], bias [G, N], rstd [R], scale [1 or G, K], residual [R, N], y [R, N].
 */
export type Linear = Define<
  "linear",
  "x" | "weight",
  "y",
  { readonly rows: Rows; readonly activation?: "softplus" },
  "bias" | "rstd" | "scale" | "residual"
>;
/** dx = dy · weight + residual. dy [R, N]. */
export type LinearDx = Define<"linear_dx", "dy" | "weight", "dx", { readonly rows: Rows }, "residual">;
/** dweight[g] = Σ dy[r]ᵀ x̂[r] over the rows of group g; dbias[g] = Σ dy[r]. */
export type LinearDw = Define<"linear_dw", "dy" | "x", "dweight", { readonly rows: Rows }, "rstd" | "scale", "dbias">;

/** rstd[r] = 1/√(mean(x[r]²) + eps). Its gradient is part of norm_grad. */
export type Rms = Define<"rms", "x", "rstd", { readonly eps: number }>;
/** y[r] = x[r]·rstd[r]·scale[group], with the rstd of the same x. scale [G, d]. */
export type Rescale = Define<"rescale", "x" | "rstd" | "scale", "y", { readonly rows: Rows }>;
/**
 * Gradients of y = x·rstd(x)·scale: dx = rstd·(dy·scale − x·rstd²·mean(dy·scale·x)) + residual; dscale[g] = Σ
 * dy·x·rstd.
 */
export type NormGrad = Define<
  "norm_grad",
  "dy" | "x" | "rstd" | "scale",
  "dx" | "dscale",
  { readonly rows: Rows },
  "residual"
>;

/**
 * Causal along each sequence: y[t] = activation(bias + Σ_k weight[c, k]·x[t − (K−1) + k]); weight [G, D, K] of t's
 * group. The rows before a sequence are those of `tail` [batch·(K−1), D], oldest first, or zeros. tail_out is the last
 * K−1 inputs: the `tail` of the run that continues from here. If reset [R] is 1, a document starts at that row, and the
 * rows before it count as zeros from there on.
 */
export type Conv = Define<
  "conv",
  "x" | "weight" | "bias",
  "y",
  { readonly rows: Rows; readonly activation?: "silu" },
  "tail" | "reset",
  "tail_out"
>;
/** The tail is a constant and gets no gradient. */
export type ConvGrad = Define<
  "conv_grad",
  "dy" | "x" | "weight" | "bias",
  "dx" | "dweight" | "dbias",
  { readonly rows: Rows; readonly activation?: "silu" },
  "tail" | "reset"
>;

/**
 * h[t] = exp(Δ[t]·A)·h[t−1] + Δ[t]·B[t]·u[t], y[t] = (C[t]·h[t] + D·u[t])·silu(z[t]), A = −exp(A_log).
 * Without z there is no gate.
 * u, delta, z, y [R, E]; B, C [R, N]; A_log [G, E, N]; D [G', E].
 * h0, h_end [batch, N, E]: h before the first position of each sequence (0 if absent) and after the last.
 * carry [batch·chunks, N, E]: h before each chunk, which is h0 before the first.
 * If reset [R] is 1, a document starts at that row, and h[t−1] counts as 0 there.
 */
export type Scan = Define<
  "scan",
  "u" | "delta" | "B" | "C" | "A_log" | "D",
  "y" | "carry",
  { readonly rowsA: Rows; readonly rowsD: Rows },
  "z" | "h0" | "reset",
  "h_end"
>;
/**
 * h0 is a constant, read from `carry`. It gets no gradient, and h_end contributes none. With `activation`, delta is
 * softplus(x), and ddelta is the gradient by x.
 */
export type ScanGrad = Define<
  "scan_grad",
  "dy" | "u" | "delta" | "B" | "C" | "A_log" | "D" | "carry",
  "du" | "ddelta" | "dB" | "dC" | "dA_log" | "dD",
  { readonly rowsA: Rows; readonly rowsD: Rows; readonly activation?: "softplus" },
  "z" | "reset",
  "dz"
>;

/**
 * RoPE in interleaved pairs. (y[2i], y[2i+1]) of each head is (x[2i], x[2i+1]) rotated by the angle whose cosine and
 * sine are table[position[r], 2i] and table[position[r], 2i+1]. `inverse` rotates back, which is also the gradient. The
 * last column of a head of odd size is copied. x, y [R, heads·dh], position [R], table [T, 2·floor(dh / 2)].
 */
export type Rotate = Define<
  "rotate",
  "x" | "position" | "table",
  "y",
  { readonly heads: number; readonly inverse: boolean }
>;

/** Query heads, and the heads of k and v that they share: query head h reads kv head floor(h / (heads / kv_heads)). */
export interface Heads {
  readonly heads: number;
  readonly kv_heads: number;
}
/**
 * y[r] = Σ_j softmax_j(q[r]·k[j] / √dh)·v[j] for each head, over the keys j of r's sequence from keys[r, 0] to keys[r,
 * 1], both inclusive. The range is never empty. lse = log Σ_j exp(q[r]·k[j] / √dh).
 * q, y [batch·Lq, heads·dh]; k, v [batch·Lk, kv_heads·dh]; keys [batch·Lq, 2]; lse [batch·Lq, heads].
 */
export type Attention = Define<"attention", "q" | "k" | "v" | "keys", "y" | "lse", Heads>;
/** Recomputes the weights from lse; dk and dv sum over the query heads that share them, in order. */
export type AttentionGrad = Define<
  "attention_grad",
  "dy" | "q" | "k" | "v" | "keys" | "y" | "lse",
  "dq" | "dk" | "dv",
  Heads
>;

/**
 * y is `cache` with the rows of x written into it, from place[b] on in sequence b. cache, y [batch·S, d], x [batch·L,
 * d], place [batch]; place[b] + L is at most S.
 */
export type Append = Define<"append", "cache" | "x" | "place", "y">;

/**
 * Chooses the next id of each sequence. `allowed` holds its ranges of ids, first and end (excluded), ascending and
 * without overlap; `choosing` its temperature, top-k and top-p; `uniforms` a number in [0, 1) for each round of a run.
 * Top-k keeps the k likeliest ids, and top-p the fewest of these whose probabilities reach that sum; if logits are
 * equal, the lower id counts as likelier. The probabilities of the ids kept lie side by side in the order of ids, and
 * the choice is the id at the place `uniforms[b, round[b]]` in their sum. With temperature 0 it is the likeliest id.
 * choices[b, round[b]] is the choice, and round[b] increases by one. A choice of −1 means that no id is allowed; −2 − 4i
 * − f that the lowest allowed id whose logit is not finite is i, which is NaN, ∞ or −∞ if f is 0, 1 or 2. chosen[b] is
 * the choice, or −1 if there is none.
 * logits [batch, V], allowed [batch, 2·ranges], choosing [batch, 3], uniforms, choices [batch, run], chosen, round
 * [batch].
 */
export type Choose = Define<"choose", "logits" | "allowed" | "choosing" | "uniforms", "chosen" | "choices" | "round">;

/** y = x in the type of y; ±∞ beyond the largest f16. */
export type Cast = Define<"cast", "x", "y">;
/** y = x·factor[0]. */
export type Amplify = Define<"amplify", "x" | "factor", "y">;
/** y = f(x), elementwise. */
export type Activate = Define<"activate", "x", "y", { readonly activation: Activation }>;
/** dx = dy·f′; silu takes `x` as its input, softplus its own output (f′ = 1 − exp(−y)). */
export type ActivateGrad = Define<"activate_grad", "dy" | "x", "dx", { readonly activation: Activation }>;
/** y = silu(a)·b: a SiLU and a product after fusion. */
export type Swiglu = Define<"swiglu", "a" | "b", "y">;
/** da = dy·b·silu′(a), db = dy·silu(a). */
export type SwigluGrad = Define<"swiglu_grad", "dy" | "a" | "b", "da" | "db">;
export type Add = Define<"add", "a" | "b", "y">;
/** y = a − b. */
export type Subtract = Define<"subtract", "a" | "b", "y">;
export type Multiply = Define<"multiply", "a" | "b", "y">;
/** x split into blocks of columns, named "0", "1", … from left to right. */
export type Split = {
  readonly kind: "split";
  readonly in: { readonly x: TensorId };
  readonly out: Readonly<Record<string, TensorId>>;
};
/** Blocks of columns named "0", "1", …, side by side. */
export type Concat = {
  readonly kind: "concat";
  readonly in: Readonly<Record<string, TensorId>>;
  readonly out: { readonly y: TensorId };
};

// Losses. The loss of row r enters the total with the factor scale[r], which the host computes from weights and counts.

/** If target ≥ 0: lse = log Σ exp(logits), loss = lse − logits[target]; else loss = 0. logits [R, V], loss, lse [R]. */
export type CrossEntropy = Define<"cross_entropy", "logits" | "target" | "scale", "loss" | "lse">;
/** dlogits = scale[r]·(softmax(logits) − onehot(target)), or 0 if target < 0. */
export type CrossEntropyGrad = Define<"cross_entropy_grad", "logits" | "lse" | "target" | "scale", "dlogits">;
/**
 * Linear, cross_entropy and their gradients at once, in chunks of rows, so that [R, V] is never stored.
 * dx and dweight are optional. x [R, d], weight [1, V, d], loss [R].
 */
export type TokenLoss = Define<
  "token_loss",
  "x" | "weight" | "target" | "scale",
  "loss",
  unknown,
  never,
  "dx" | "dweight"
>;

/** loss[r] = mean over columns of (prediction − noise)², or 0 if item[r] is negative. prediction, noise [R, p]. */
export type SquaredError = Define<"squared_error", "prediction" | "noise" | "item" | "scale", "loss">;
/** dprediction = scale[r]·2(prediction − noise)/p. */
export type SquaredErrorGrad = Define<"squared_error_grad", "prediction" | "noise" | "scale", "dprediction">;
/**
 * sums[c] = Σ loss[r] over the rows of class c. Negative classes do not count. Without classes, all rows have class 0.
 */
export type SumByClass = Define<"sum_by_class", "loss", "sums", unknown, "class">;
/** y = Σ a·b. */
export type Dot = Define<"dot", "a" | "b", "y">;

// The update. Its operands are arenas (ir/arena.ts), changed in place. The host writes `step` for each step.

/**
 * norm[0] = √Σ gradients². norm[1] becomes 1 if that is not finite, and stays 1 until the host clears it.
 * With a `scale`, gradients are scale[0] times too large; norm[0] is the norm of the unscaled gradients, and a norm
 * that is not finite divides the scale by 2 instead, down to 1. scale[1] counts good updates; enough of them double the
 * scale. scale[2] is the factor of this update's gradients, or 0 if the update is skipped.
 */
export type GradientNorm = Define<"gradient_norm", "gradients", "norm", unknown, never, "scale">;

/** A guard of every op of the update: the op changes nothing if norm[1] is not 0, or if scale[2] is 0. */
type Guard = "norm";
/**
 * AdamW as in PyTorch, on gradients clipped to the norm `step.clip` as in PyTorch's clip_grad_norm_. decay: one bit for
 * each block of the arenas, set if weight decay applies there.
 */
export type Adamw = Define<"adamw", "gradients" | "decay" | Guard, "parameters" | "m" | "v", unknown, "scale">;

// Muon, over a stack of matrices: parameters of equal shape one after another in an arena, each with `groups` copies.
// A matrix whose gradient is all zeros keeps its value and its momentum. g is its clipped gradient, m its momentum,
// u = lerp(g, m′, momentum) with m′ = lerp(m, g, 1 − momentum); r is its shorter side and c its longer side.

/**
 * sums[i] = Σ u², and 1 unless the gradient of matrix i is all zeros.
 * gradient, momentum [n, rows, columns], sums [n, 2].
 */
export type MuonSums = Define<
  "muon_sums",
  "gradient" | "momentum" | Guard,
  "sums",
  { readonly groups: number },
  "scale"
>;
/**
 * momentum becomes m′. x[i] = u / (√sums[i, 0] + 1e-7), r × c (transposed if it has more rows than columns), padded
 * with zeros (ops/update.ts). x [n, r padded, c padded].
 */
export type MuonBegin = Define<
  "muon_begin",
  "gradient" | "sums" | Guard,
  "momentum" | "x",
  { readonly groups: number },
  "scale"
>;
/** parameter becomes parameter·(1 − lr·decay) − lr·√max(1, rows / columns)·x, with x transposed back. */
export type MuonEnd = Define<"muon_end", "x" | "sums" | Guard, "parameter", { readonly groups: number }, "scale">;
/**
 * y[i] = alpha·a[i]·b[i] + beta·c[i], with b[i]ᵀ if `transposed`. a [n, R, K], b [n, K, N] or [n, N, K], y [n, R, N]; R
 * is a multiple of the tile.
 */
export type Matmul = Define<
  "matmul",
  "a" | "b",
  "y",
  { readonly transposed: boolean; readonly alpha: number; readonly beta: number },
  "c"
>;

export type Op =
  | Embed
  | EmbedGrad
  | Gather
  | AddItems
  | SumItems
  | Noise
  | Linear
  | LinearDx
  | LinearDw
  | Rms
  | Rescale
  | NormGrad
  | Conv
  | ConvGrad
  | Scan
  | ScanGrad
  | Rotate
  | Attention
  | AttentionGrad
  | Append
  | Choose
  | Cast
  | Amplify
  | Activate
  | ActivateGrad
  | Swiglu
  | SwigluGrad
  | Add
  | Subtract
  | Multiply
  | Split
  | Concat
  | CrossEntropy
  | CrossEntropyGrad
  | TokenLoss
  | SquaredError
  | SquaredErrorGrad
  | SumByClass
  | Dot
  | GradientNorm
  | Adamw
  | MuonSums
  | MuonBegin
  | MuonEnd
  | Matmul;

export type OpKind = Op["kind"];
export type OpOf<K extends OpKind> = Extract<Op, { readonly kind: K }>;

/** The tensors that an op reads, and those that it writes, in the order of its keys. */
export const inputsOf = (op: Op): TensorId[] => Object.values(op.in as Record<string, TensorId>);
export const outputsOf = (op: Op): TensorId[] => Object.values(op.out as Record<string, TensorId>);
