// The 64 × 64 sums of a subgroup as 16 matrices of 16 × 16, row by row; a part that the matrix kernels include.
  var c00: subgroup_matrix_result<f32, 16, 16>;
  var c01: subgroup_matrix_result<f32, 16, 16>;
  var c02: subgroup_matrix_result<f32, 16, 16>;
  var c03: subgroup_matrix_result<f32, 16, 16>;
  var c10: subgroup_matrix_result<f32, 16, 16>;
  var c11: subgroup_matrix_result<f32, 16, 16>;
  var c12: subgroup_matrix_result<f32, 16, 16>;
  var c13: subgroup_matrix_result<f32, 16, 16>;
  var c20: subgroup_matrix_result<f32, 16, 16>;
  var c21: subgroup_matrix_result<f32, 16, 16>;
  var c22: subgroup_matrix_result<f32, 16, 16>;
  var c23: subgroup_matrix_result<f32, 16, 16>;
  var c30: subgroup_matrix_result<f32, 16, 16>;
  var c31: subgroup_matrix_result<f32, 16, 16>;
  var c32: subgroup_matrix_result<f32, 16, 16>;
  var c33: subgroup_matrix_result<f32, 16, 16>;
