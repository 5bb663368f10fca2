// c += the panel's rows · its columns, 32 deep in two halves; a part that the matrix kernels include. Tiles are addressed in
// fours of halves: LEFT_ROW and RIGHT_COLUMN from one row of the left tile, or column of the right one, to the next,
// LEFT_DEPTH and RIGHT_DEPTH from one depth to the next; LEFT_ORDER, RIGHT_ORDER and the strides say how 16 × 16 lie.
      for (var half = 0u; half < 2u; half++) {
        let left_at = (sub_row * LEFT_ROWu + half * 16u * LEFT_DEPTHu) / 4u;
        let right_at = (sub_column * RIGHT_COLUMNu + half * 16u * RIGHT_DEPTHu) / 4u;
        #repeat I 4: let a#{I} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at + #{4 * I}u * LEFT_ROWu, LEFT_STRIDEu);
#repeat J 4
        let b#{J} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at + #{4 * J}u * RIGHT_COLUMNu, RIGHT_STRIDEu);
        #repeat I 4: c#{I}#{J} = subgroupMatrixMultiplyAccumulate(a#{I}, b#{J}, c#{I}#{J});
#end
      }
