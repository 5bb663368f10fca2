// Stores a subgroup's sums in the gradient, or in the partial sums of their run. Included by weight_gradient_matrix.wgsl.
// Sizes are multiples of 16, so a 16 × 16 matrix is entirely inside or entirely outside.
#repeat I 4
#repeat J 4
  if (sums_n + #{16 * I}u < NSu && sums_k + #{16 * J}u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + #{16 * I}u * KSu + #{16 * J}u, c#{I}#{J}, KSu); }
#end
#end
