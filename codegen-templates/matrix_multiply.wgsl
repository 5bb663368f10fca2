// c += the panel's rows · its columns, 32 deep in two halves; a part that the matrix kernels include. Tiles are addressed in
// fours of halves: LEFT_ROW and RIGHT_COLUMN from one row of the left tile, or column of the right one, to the next,
// LEFT_DEPTH and RIGHT_DEPTH from one depth to the next; LEFT_ORDER, RIGHT_ORDER and the strides say how 16 × 16 lie.
      for (var half = 0u; half < 2u; half++) {
        let left_at = (sub_row * LEFT_ROWu + half * 16u * LEFT_DEPTHu) / 4u;
        let right_at = (sub_column * RIGHT_COLUMNu + half * 16u * RIGHT_DEPTHu) / 4u;
        let a0 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at + 0u * LEFT_ROWu, LEFT_STRIDEu);
        let a1 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at + 4u * LEFT_ROWu, LEFT_STRIDEu);
        let a2 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at + 8u * LEFT_ROWu, LEFT_STRIDEu);
        let a3 = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, LEFT_ORDER>(&left_tile, left_at + 12u * LEFT_ROWu, LEFT_STRIDEu);
        let b0 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at + 0u * RIGHT_COLUMNu, RIGHT_STRIDEu);
        c00 = subgroupMatrixMultiplyAccumulate(a0, b0, c00);
        c10 = subgroupMatrixMultiplyAccumulate(a1, b0, c10);
        c20 = subgroupMatrixMultiplyAccumulate(a2, b0, c20);
        c30 = subgroupMatrixMultiplyAccumulate(a3, b0, c30);
        let b1 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at + 4u * RIGHT_COLUMNu, RIGHT_STRIDEu);
        c01 = subgroupMatrixMultiplyAccumulate(a0, b1, c01);
        c11 = subgroupMatrixMultiplyAccumulate(a1, b1, c11);
        c21 = subgroupMatrixMultiplyAccumulate(a2, b1, c21);
        c31 = subgroupMatrixMultiplyAccumulate(a3, b1, c31);
        let b2 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at + 8u * RIGHT_COLUMNu, RIGHT_STRIDEu);
        c02 = subgroupMatrixMultiplyAccumulate(a0, b2, c02);
        c12 = subgroupMatrixMultiplyAccumulate(a1, b2, c12);
        c22 = subgroupMatrixMultiplyAccumulate(a2, b2, c22);
        c32 = subgroupMatrixMultiplyAccumulate(a3, b2, c32);
        let b3 = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, RIGHT_ORDER>(&right_tile, right_at + 12u * RIGHT_COLUMNu, RIGHT_STRIDEu);
        c03 = subgroupMatrixMultiplyAccumulate(a0, b3, c03);
        c13 = subgroupMatrixMultiplyAccumulate(a1, b3, c13);
        c23 = subgroupMatrixMultiplyAccumulate(a2, b3, c23);
        c33 = subgroupMatrixMultiplyAccumulate(a3, b3, c33);
      }
