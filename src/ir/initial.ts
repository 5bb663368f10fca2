// How a parameter's initial values are drawn; types only. The values themselves: train/initialise.ts.

export type InitKind =
  /** U(±fanIn^−½), weights and biases alike, as PyTorch's `nn.Linear`. */
  | { readonly kind: "linear"; readonly fanIn: number }
  /** U(±d_conv^−½), weight and bias: a depthwise kernel's fan-in is its width. */
  | { readonly kind: "conv1d"; readonly d_conv: number }
  /** U(±dt_rank^−½). */
  | { readonly kind: "dt_weight"; readonly dt_rank: number }
  /** softplus⁻¹(dt), dt log-uniform in [1e-3, 1e-1], at least 1e-4. */
  | { readonly kind: "dt_bias" }
  /** log(1..d_state) along the last dimension. */
  | { readonly kind: "A_log"; readonly d_state: number }
  | { readonly kind: "ones" }
  /** N(0, deviation²). */
  | { readonly kind: "normal"; readonly deviation: number };

/**
 * Which numbers a tensor draws: never its name, so that renaming changes nothing, and group 0 draws what the shared
 * tensor would. All are whole numbers; `part` tells apart the tensors of a layer (a weight and its bias are two parts).
 */
export interface InitKey {
  readonly seed: number;
  readonly layer: number;
  readonly part: number;
  readonly group: number;
}
