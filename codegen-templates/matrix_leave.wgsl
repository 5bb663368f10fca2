// The sums of a subgroup to the gradient, or to the partial sums of their run; a part that weight_gradient_matrix.wgsl
// includes. Sizes are multiples of 16: a matrix is inside or outside as a whole.
  if (sums_n + 0u < NSu && sums_k + 0u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 0u * KSu + 0u, c00, KSu); }
  if (sums_n + 0u < NSu && sums_k + 16u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 0u * KSu + 16u, c01, KSu); }
  if (sums_n + 0u < NSu && sums_k + 32u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 0u * KSu + 32u, c02, KSu); }
  if (sums_n + 0u < NSu && sums_k + 48u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 0u * KSu + 48u, c03, KSu); }
  if (sums_n + 16u < NSu && sums_k + 0u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 16u * KSu + 0u, c10, KSu); }
  if (sums_n + 16u < NSu && sums_k + 16u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 16u * KSu + 16u, c11, KSu); }
  if (sums_n + 16u < NSu && sums_k + 32u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 16u * KSu + 32u, c12, KSu); }
  if (sums_n + 16u < NSu && sums_k + 48u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 16u * KSu + 48u, c13, KSu); }
  if (sums_n + 32u < NSu && sums_k + 0u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 32u * KSu + 0u, c20, KSu); }
  if (sums_n + 32u < NSu && sums_k + 16u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 32u * KSu + 16u, c21, KSu); }
  if (sums_n + 32u < NSu && sums_k + 32u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 32u * KSu + 32u, c22, KSu); }
  if (sums_n + 32u < NSu && sums_k + 48u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 32u * KSu + 48u, c23, KSu); }
  if (sums_n + 48u < NSu && sums_k + 0u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 48u * KSu + 0u, c30, KSu); }
  if (sums_n + 48u < NSu && sums_k + 16u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 48u * KSu + 16u, c31, KSu); }
  if (sums_n + 48u < NSu && sums_k + 32u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 48u * KSu + 32u, c32, KSu); }
  if (sums_n + 48u < NSu && sums_k + 48u < KSu) { subgroupMatrixStore<row_major>(&SUMS, sums_at + 48u * KSu + 48u, c33, KSu); }
