// The sums of a subgroup from the gradient so far; a part that weight_gradient_matrix.wgsl includes.
  if (sums_n + 0u < NSu && sums_k + 0u < KSu) { c00 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 0u * KSu + 0u, KSu); }
  if (sums_n + 0u < NSu && sums_k + 16u < KSu) { c01 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 0u * KSu + 16u, KSu); }
  if (sums_n + 0u < NSu && sums_k + 32u < KSu) { c02 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 0u * KSu + 32u, KSu); }
  if (sums_n + 0u < NSu && sums_k + 48u < KSu) { c03 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 0u * KSu + 48u, KSu); }
  if (sums_n + 16u < NSu && sums_k + 0u < KSu) { c10 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 16u * KSu + 0u, KSu); }
  if (sums_n + 16u < NSu && sums_k + 16u < KSu) { c11 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 16u * KSu + 16u, KSu); }
  if (sums_n + 16u < NSu && sums_k + 32u < KSu) { c12 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 16u * KSu + 32u, KSu); }
  if (sums_n + 16u < NSu && sums_k + 48u < KSu) { c13 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 16u * KSu + 48u, KSu); }
  if (sums_n + 32u < NSu && sums_k + 0u < KSu) { c20 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 32u * KSu + 0u, KSu); }
  if (sums_n + 32u < NSu && sums_k + 16u < KSu) { c21 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 32u * KSu + 16u, KSu); }
  if (sums_n + 32u < NSu && sums_k + 32u < KSu) { c22 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 32u * KSu + 32u, KSu); }
  if (sums_n + 32u < NSu && sums_k + 48u < KSu) { c23 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 32u * KSu + 48u, KSu); }
  if (sums_n + 48u < NSu && sums_k + 0u < KSu) { c30 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 48u * KSu + 0u, KSu); }
  if (sums_n + 48u < NSu && sums_k + 16u < KSu) { c31 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 48u * KSu + 16u, KSu); }
  if (sums_n + 48u < NSu && sums_k + 32u < KSu) { c32 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 48u * KSu + 32u, KSu); }
  if (sums_n + 48u < NSu && sums_k + 48u < KSu) { c33 = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + 48u * KSu + 48u, KSu); }
