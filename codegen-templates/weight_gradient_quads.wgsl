// What weight_gradient.wgsl computes, for CPU adapters with subgroups: a quad has 4·N_BLOCKS × 4·K_BLOCKS numbers of the
// gradient, as in linear_quads.wgsl; four rows at a time. N_BLOCKS is a multiple of four with DY_VEC4, and K_BLOCKS is four
// with X_VEC4.

#include rows
#include slot_runs
#include weight_gradient_store

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  let group = workgroup.z / SPLITSu;
  let split = workgroup.z % SPLITSu;
  let first_n = (workgroup.y * 2u + index / 4u) * 4u * N_BLOCKSu;
  let n = first_n + N_BLOCKSu * lane;
  let k = workgroup.x * 4u * K_BLOCKSu;
  if (first_n >= NSu) { return; }
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#end
  let slots = run(group, split);
  // Numbers c of vec4 i·K_BLOCKS + j belong to n + i and k + K_BLOCKS·(lane ^ c) + j. They stay in memory, as in
  // linear_quads.wgsl. Those beyond the last n or k are computed from valid neighbours and never stored.
  var sums: array<vec4<f32>, BLOCK_VEC4S>;
  for (var slot = slots.x; slot < slots.y; slot += 4u) {
    // The rows of a run come first, then its empty slots.
    let row0 = row_of(slot);
    if (row0 == NO_ROW) { break; }
    let d_row0 = dy_row(slot, row0);
#if NORM
    let weight0 = rstd[row0];
#else
    let weight0 = 1.0;
#end
    // An empty slot counts as the first row, times 0.
#repeat U 3
    let found#{U + 1} = row_of(min(slot + #{U + 1}u, slots.y - 1u));
    let empty#{U + 1} = found#{U + 1} == NO_ROW || slot + #{U + 1}u >= slots.y;
    let row#{U + 1} = select(found#{U + 1}, row0, empty#{U + 1});
    let d_row#{U + 1} = select(dy_row(slot + #{U + 1}u, row#{U + 1}), d_row0, empty#{U + 1});
#if NORM
    let weight#{U + 1} = select(rstd[row#{U + 1}], 0.0, empty#{U + 1});
#else
    let weight#{U + 1} = select(1.0, 0.0, empty#{U + 1});
#end
#end
    let weights = vec4(weight0, weight1, weight2, weight3);
#if DY_VEC4
#repeat H N_VEC4S
    let n#{H} = min(n + 4u * Hu, NSu - 4u) / 4u;
    #repeat U 4: let dy#{H}_#{U} = dy[at_dy(d_row#{U}, n#{H})];
#repeat I 4
    let d#{4 * H + I} = vec4(dy#{H}_0[Iu], dy#{H}_1[Iu], dy#{H}_2[Iu], dy#{H}_3[Iu]);
#end
#end
#else
#repeat I N_BLOCKS
    let n#{I} = min(n + Iu, NSu - 1u);
    let d#{I} = vec4(
      #repeat U 4: dy[at_dy(d_row#{U}, n#{I})],
    );
#end
#end
#if X_VEC4
    let own_k = min(k + 4u * lane, KSu - 4u) / 4u;
    #repeat U 4: let line#{U} = x[at_x(row#{U}, own_k)];
#end
#repeat J K_BLOCKS
    {
#if X_VEC4
      let own = weights * vec4(line0[Ju], line1[Ju], line2[Ju], line3[Ju]);
#else
      let own_k = min(k + K_BLOCKSu * lane + Ju, KSu - 1u);
      let own = weights * vec4(
        #repeat U 4: x[at_x(row#{U}, own_k)],
      );
#end
      let swap_x = quadSwapX(own);
      let swap_y = quadSwapY(own);
      let diagonal = quadSwapDiagonal(own);
      #repeat U 4: let four#{U} = vec4(own[Uu], swap_x[Uu], swap_y[Uu], diagonal[Uu]);
#repeat I N_BLOCKS
      sums[Iu * K_BLOCKSu + Ju] += d#{I}.x * four0 + d#{I}.y * four1 + d#{I}.z * four2 + d#{I}.w * four3;
#end
    }
#end
  }
  for (var i = 0u; i < N_BLOCKSu; i++) {
    if (n + i >= NSu) { break; }
#repeat J K_BLOCKS
    let sum#{J} = sums[i * K_BLOCKSu + Ju];
#end
#repeat C 4
    {
      let at = k + K_BLOCKSu * (lane ^ Cu);
#if X_VEC4
      if (at < KSu) {
#if NORM
        let scale_at = norm_group * KSu + at;
        let factor = vec4(scale[scale_at], scale[scale_at + 1u], scale[scale_at + 2u], scale[scale_at + 3u]);
#else
        let factor = 1.0;
#end
        store(group, split, n + i, at / 4u, factor * vec4(sum0[Cu], sum1[Cu], sum2[Cu], sum3[Cu]));
      }
#else
#repeat J K_BLOCKS
      if (at + Ju < KSu) {
#if NORM
        let factor = scale[norm_group * KSu + at + Ju];
#else
        let factor = 1.0;
#end
        store(group, split, n + i, at + Ju, factor * sum#{J}[Cu]);
      }
#end
#end
    }
#end
  }
}
