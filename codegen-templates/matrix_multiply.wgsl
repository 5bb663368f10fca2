// c += the panel's rows · its columns, 16 deep at a time. Included by the matrix kernels. Tiles are arrays of vec4<f16>.
// LEFT_ROW and RIGHT_COLUMN are the distances, in f16, between rows of the left tile and columns of the right tile;
// LEFT_DEPTH and RIGHT_DEPTH between depths. The orders and strides give the layout of a 16 × 16 matrix.
// Of split operands, 16 high (h) are followed by their 16 low (l); of the three TERMS the last is high by high.
      for (var deep16 = 0u; deep16 < PANELu; deep16 += 16u) {
        let left_at = (sub_row * LEFT_ROWu + deep16 * LEFT_DEPTHu) / 4u;
        let right_at = (sub_column * RIGHT_COLUMNu + deep16 * RIGHT_DEPTHu) / 4u;
#repeat P PARTS
        #repeat I 4: let a#{I}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at#{+ 4 * P} + #{4 * I}u * LEFT_ROWu, LEFT_STRIDEu);
#end
#repeat J 4
        #repeat P PARTS: let b#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at#{+ 4 * P} + #{4 * J}u * RIGHT_COLUMNu, RIGHT_STRIDEu);
#repeat T TERMS
        #repeat I 4: c#{I}#{J} = subgroupMatrixMultiplyAccumulate(a#{I}#{lhh[T + FIRST_TERM]}, b#{J}#{hlh[T + FIRST_TERM]}, c#{I}#{J});
#end
#end
      }
