// What weight_gradient.wgsl computes, for CPU adapters with subgroups: a quad has N_BLOCKS·4 × K_BLOCKS·4 numbers of the
// gradient, as in linear_quads.wgsl; DEEP rows at a time.

#include rows
#include slot_runs
#include weight_gradient_store

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  let group = workgroup.z / SPLITSu;
  let split = workgroup.z % SPLITSu;
  let n = (workgroup.y * 2u + index / 4u) * 4u * N_BLOCKSu + lane;
  let k = workgroup.x * 4u * K_BLOCKSu;
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#end
  let slots = run(group, split);
  // Numbers c of vec4 i, j belong to n + 4·i and k + 4·j + (lane ^ c); those beyond the last are never stored.
  var sums: array<array<vec4<f32>, K_BLOCKS>, N_BLOCKS>;
  for (var slot = slots.x; slot < slots.y; slot += DEEPu) {
    // The rows of a run come first, then its empty slots.
    if (row_of(slot) == NO_ROW) { break; }
#repeat U DEEP
    {
      let found = row_of(slot + Uu);
      let row = min(found, ROWSu - 1u);
      let d_row = dy_row(slot + Uu, row);
#if NORM
      let factor = rstd[row];
#end
      var d: array<f32, N_BLOCKS>;
#repeat I N_BLOCKS
      d[Iu] = select(0.0, dy[at_dy(d_row, min(n + 4u * Iu, NSu - 1u))], found != NO_ROW)
#if NORM
        * factor
#end
      ;
#end
#repeat J K_BLOCKS
      {
        let own = x[at_x(row, min(k + 4u * Ju + lane, KSu - 1u))];
        let four = vec4(own, quadSwapX(own), quadSwapY(own), quadSwapDiagonal(own));
#repeat I N_BLOCKS
        sums[Iu][Ju] += d[Iu] * four;
#end
      }
#end
    }
#end
  }
  var made: array<vec4<f32>, BLOCK_VEC4S>;
#repeat I N_BLOCKS
#repeat J K_BLOCKS
  made[Iu * K_BLOCKSu + Ju] = sums[Iu][Ju];
#end
#end
  for (var i = 0u; i < N_BLOCKSu; i++) {
    if (n + 4u * i >= NSu) { break; }
    for (var j = 0u; j < K_BLOCKSu; j++) {
      for (var c = 0u; c < 4u; c++) {
        let at = k + 4u * j + (lane ^ c);
        if (at >= KSu) { continue; }
#if NORM
        let factor = scale[norm_group * KSu + at];
#else
        let factor = 1.0;
#end
        store(group, split, n + 4u * i, at, factor * made[i * K_BLOCKSu + j][c]);
      }
    }
  }
}
