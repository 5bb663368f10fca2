// What linear.wgsl computes, for CPU adapters with subgroups: a quad has 4·LANE_ROWS rows × 4·BLOCKS columns. Each lane
// has LANE_ROWS rows and BLOCKS columns, whose weights it shares with the other three lanes. On SwiftShader a load of one
// number costs eight multiply-adds and one of a vec4 four for each number, a turn of a loop costs forty, and each variable
// that a loop changes two: hence the large blocks, and four depths at a time. Quad operations cost nothing. Loops over
// registers are unrolled, so that the values stay in registers. A workgroup is two quads, because llvmpipe has subgroups of
// eight.

#include rows
#include linear_rows
#if SOFTPLUS
#include softplus
#end

#include linear_finish

#if X_VEC4
/// Numbers 4·q to 4·q + 3 of a row of x.
fn x_four(at: u32, q: u32) -> vec4<f32> { return x[at + q]; }
#else
fn x_four(at: u32, q: u32) -> vec4<f32> {
#if RAGGED
  // What lies beyond the end of a row counts as 0.
  let left = DEPTHu - 4u * q;
  let here = at + 4u * q;
  let four = vec4(x[here], x[here + min(1u, left - 1u)], x[here + min(2u, left - 1u)], x[here + min(3u, left - 1u)]);
  return select(vec4(0.0), four, vec4(true, left > 1u, left > 2u, left > 3u));
#else
  let here = at + 4u * q;
  return vec4(x[here], x[here + 1u], x[here + 2u], x[here + 3u]);
#end
}
#end

#if NORM
fn scale_four(at: u32, q: u32) -> vec4<f32> {
  let last = at + DEPTHu - 1u;
  let here = at + 4u * q;
  return vec4(scale[here], scale[min(here + 1u, last)], scale[min(here + 2u, last)], scale[min(here + 3u, last)]);
}
#end

#if TRANSPOSED
/// Four weights of a column.
fn w_four(at: u32, q: u32) -> vec4<f32> {
#if W_VEC4
  return weight[at + q];
#else
  let here = at + 4u * q;
#if RAGGED
  let left = DEPTHu - 4u * q - 1u;
  return vec4(weight[here], weight[here + min(1u, left)], weight[here + min(2u, left)], weight[here + min(3u, left)]);
#else
  return vec4(weight[here], weight[here + 1u], weight[here + 2u], weight[here + 3u]);
#end
#end
}
#end

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  let tile = FIRST_TILEu + workgroup.y;
  let group = group_of(tile);
  let first_slot = tile * 64u + workgroup.z * 8u * LANE_ROWSu + (index / 4u) * 4u * LANE_ROWSu;
  let slot = first_slot + lane;
  let column = workgroup.x * 4u * BLOCKSu;
  // The rows of a tile come first, then its empty slots. A quad has rows or has none.
  if (row_of(first_slot) == NO_ROW) { return; }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
#if NORM
  let scale_at = select(0u, group, SCALE_GROUPSu > 1u) * DEPTHu;
#end
  // Numbers c of vec4 i·BLOCKS + j belong to row slot + 4·i and column + BLOCKS·(lane ^ c) + j. They stay in memory, because
  // they are read by a computed index below: as variables of the loop, they would cost the same and compile slowly.
  var sums: array<vec4<f32>, BLOCK_VEC4S>;
  if (group != NO_ROW) {
    // An empty slot and a column beyond the last read a valid neighbour's numbers; their sums are never stored.
    var x_at: array<u32, LANE_ROWS>;
#repeat I LANE_ROWS
    x_at[Iu] = at_x(x_row(slot + 4u * Iu, min(row_of(slot + 4u * Iu), ROWSu - 1u)), 0u);
#end
    var w_at: array<u32, BLOCKS>;
#repeat J BLOCKS
    w_at[Ju] = weight_at(group, 0u, min(column + BLOCKSu * lane + Ju, COLSu - 1u))
#if W_VEC4
      / 4u
#end
    ;
#end
    for (var q = 0u; q < DEPTH_VEC4Su; q++) {
#repeat I LANE_ROWS
      let x#{I} = x_four(x_at[Iu], q);
#end
#if NORM
      let factor = scale_four(scale_at, q);
#end
#if TRANSPOSED
#else
#repeat U 4
#if RAGGED
      let depth#{U} = min(4u * q + Uu, DEPTHu - 1u);
#else
      let depth#{U} = 4u * q + Uu;
#end
#if W_VEC4
      let line#{U} = weight[w_at[0] + depth#{U} * COL_VEC4Su];
#end
#end
#end
#repeat J BLOCKS
      {
#if TRANSPOSED
        let own = w_four(w_at[Ju], q)
#if NORM
          * factor
#end
        ;
#else
#if W_VEC4
        let own = vec4(line0[Ju], line1[Ju], line2[Ju], line3[Ju]);
#else
        let own = vec4(
          #repeat U 4: weight[w_at[Ju] + depth#{U} * COLSu],
        );
#end
#end
        let swap_x = quadSwapX(own);
        let swap_y = quadSwapY(own);
        let diagonal = quadSwapDiagonal(own);
        #repeat U 4: let four#{U} = vec4(own[Uu], swap_x[Uu], swap_y[Uu], diagonal[Uu]);
#repeat I LANE_ROWS
        sums[Iu * BLOCKSu + Ju] += x#{I}.x * four0 + x#{I}.y * four1 + x#{I}.z * four2 + x#{I}.w * four3;
#end
      }
#end
    }
  }
  // This loop stays rolled: unrolled, it would take most of the compile time.
  for (var i = 0u; i < LANE_ROWSu; i++) {
    let own_slot = slot + 4u * i;
    let row = row_of(own_slot);
    if (row == NO_ROW) { break; }
#if NORM
    let factor = rstd[row];
#else
    let factor = 1.0;
#end
#repeat J BLOCKS
    let sum#{J} = factor * sums[i * BLOCKSu + Ju];
#end
#repeat C 4
    {
      let at = column + BLOCKSu * (lane ^ Cu);
#if Y_VEC4
#if EVEN
      finish(vec4(sum0[Cu], sum1[Cu], sum2[Cu], sum3[Cu]), group, own_slot, row, at / 4u);
#else
      if (at < COLSu) { finish(vec4(sum0[Cu], sum1[Cu], sum2[Cu], sum3[Cu]), group, own_slot, row, at / 4u); }
#end
#else
#repeat J BLOCKS
#if EVEN
      finish(sum#{J}[Cu], group, own_slot, row, at + Ju);
#else
      if (at + Ju < COLSu) { finish(sum#{J}[Cu], group, own_slot, row, at + Ju); }
#end
#end
#end
    }
#end
  }
}
