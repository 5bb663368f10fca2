// c += the panel's rows · its columns, 32 deep in two steps. Included by the matrix kernels. Tiles are arrays of vec4<f16>.
// LEFT_ROW and RIGHT_COLUMN are the distances, in f16, between rows of the left tile and columns of the right tile;
// LEFT_DEPTH and RIGHT_DEPTH between depths. The orders and strides give the layout of a 16 × 16 matrix.
      for (var half = 0u; half < 2u; half++) {
        let left_at = (sub_row * LEFT_ROWu + half * 16u * LEFT_DEPTHu) / 4u;
        let right_at = (sub_column * RIGHT_COLUMNu + half * 16u * RIGHT_DEPTHu) / 4u;
        #repeat I 4: let a#{I} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at + #{4 * I}u * LEFT_ROWu, LEFT_STRIDEu);
#repeat J 4
        let b#{J} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at + #{4 * J}u * RIGHT_COLUMNu, RIGHT_STRIDEu);
        #repeat I 4: c#{I}#{J} = subgroupMatrixMultiplyAccumulate(a#{I}, b#{J}, c#{I}#{J});
#end
      }
