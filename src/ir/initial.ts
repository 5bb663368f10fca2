// The distributions of initial values; types only. train/initialise.ts draws the values.

export type InitKind =
  /** U(±fanIn^−½) for weights and biases, as in PyTorch's `nn.Linear`. */
  | { readonly kind: "linear"; readonly fanIn: number }
  /** U(±d_conv^−½) for weight and bias: the fan-in of a depthwise kernel is its width. */
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
 * The key of a tensor's random stream. It never includes the tensor's name, so renaming changes nothing. Group 0 draws
 * the same numbers as the shared tensor would. All fields are integers. `part` is different for each tensor of a layer:
 * a weight and its bias have two numbers.
 */
export interface InitKey {
  readonly seed: number;
  readonly layer: number;
  readonly part: number;
  readonly group: number;
}
