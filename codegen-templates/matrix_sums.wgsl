// The 64 × 64 sums of a subgroup as 16 matrices of 16 × 16, row by row. Included by the matrix kernels.
#repeat I 4
  #repeat J 4: var c#{I}#{J}: subgroup_matrix_result<f32, 16, 16>;
#end
