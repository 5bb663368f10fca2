// Loads a subgroup's sums from the gradient so far. Included by weight_gradient_matrix.wgsl.
#repeat I 4
#repeat J 4
  if (sums_n + #{16 * I}u < NSu && sums_k + #{16 * J}u < KSu) { c#{I}#{J} = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&dweight, sums_at + #{16 * I}u * KSu + #{16 * J}u, KSu); }
#end
#end
