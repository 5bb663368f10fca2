// What linear.wgsl computes, for CPU adapters with subgroups: a quad has 16 rows × BLOCKS·4 columns. Each lane has
// 4 rows and one of every four columns, whose weights it shares with the other three lanes. On SwiftShader a load costs
// ten multiply-adds, even from adjacent addresses, a division costs more, and quad operations cost nothing: hence the large
// blocks. Loops over registers are unrolled, so that the values stay in registers. A workgroup is two quads, because
// llvmpipe has subgroups of eight.

#include rows
#include linear_rows
#if SOFTPLUS
#include softplus
#end

#include linear_finish

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  let tile = FIRST_TILEu + workgroup.y;
  let group = group_of(tile);
  let first_slot = tile * 64u + workgroup.z * 32u;
  let slot = first_slot + (index / 4u) * 16u + lane;
  let column = workgroup.x * 4u * BLOCKSu;
  // The rows of a tile come first, then its empty slots.
  if (row_of(first_slot) == NO_ROW) { return; }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#end
  // Numbers c of vec4 i, j belong to row slot + 4·i and column + 4·j + (lane ^ c).
  var sums: array<array<vec4<f32>, BLOCKS>, 4>;
  if (group != NO_ROW) {
    // An empty slot and a column beyond the last read a valid neighbour's numbers; their sums are never stored.
    var x_at: array<u32, 4>;
#repeat I 4
    x_at[Iu] = at_x(x_row(slot + 4u * Iu, min(row_of(slot + 4u * Iu), ROWSu - 1u)), 0u);
#end
    var w_at: array<u32, BLOCKS>;
#repeat J BLOCKS
    w_at[Ju] = weight_at(group, 0u, min(column + 4u * Ju + lane, COLSu - 1u));
#end
    for (var d = 0u; d < DEPTHu; d += DEEPu) {
#repeat U DEEP
      {
        var value: array<f32, 4>;
#repeat I 4
        value[Iu] = x[x_at[Iu] + d + Uu];
#end
#if NORM
        let factor = scale[norm_group * DEPTHu + d + Uu];
#end
#repeat J BLOCKS
        {
          let own = weight[w_at[Ju] + (d + Uu) * W_STRIDEu]
#if NORM
            * factor
#end
          ;
          let four = vec4(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own));
#repeat I 4
          sums[Iu][Ju] += value[Iu] * four;
#end
        }
#end
      }
#end
    }
  }
  // This loop stays rolled: unrolled 64 times, `finish` would take most of the compile time.
  var made: array<vec4<f32>, BLOCK_VEC4S>;
#repeat I 4
#repeat J BLOCKS
  made[Iu * BLOCKSu + Ju] = sums[Iu][Ju];
#end
#end
  for (var i = 0u; i < 4u; i++) {
    let own_slot = slot + 4u * i;
    let row = row_of(own_slot);
    if (row == NO_ROW) { break; }
#if NORM
    let factor = rstd[row];
#else
    let factor = 1.0;
#end
    for (var j = 0u; j < BLOCKSu; j++) {
      for (var c = 0u; c < 4u; c++) {
        let at = column + 4u * j + (lane ^ c);
#if EVEN
#else
        if (at >= COLSu) { continue; }
#end
        finish(factor * made[i * BLOCKSu + j][c], group, own_slot, row, at);
      }
    }
  }
}
