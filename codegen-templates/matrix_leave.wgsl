// The sums of a subgroup to the gradient, or to the partial sums of their run; a part that weight_gradient_matrix.wgsl
// includes. Sizes are multiples of 16: a matrix is inside or outside as a whole.
#repeat I 4
#repeat J 4
  if (sums_n + #{16 * I}u < NSu && sums_k + #{16 * J}u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + #{16 * I}u * KSu + #{16 * J}u, c#{I}#{J}, KSu); }
#end
#end
