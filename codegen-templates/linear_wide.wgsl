// What linear.wgsl computes, for GPUs and sizes that are multiples of four: 64 rows × 128 columns per workgroup, 16 deep
// in workgroup memory, 8 × 8 numbers per invocation. The next panel loads into registers while the current one is multiplied.

#include rows
#include linear_rows
#include outer
#if SOFTPLUS
#include softplus
#end

// By depth: 64 rows and 128 columns, as vec4. Lines are padded by one vec4 against bank conflicts.
var<workgroup> x_tile: array<vec4<f32>, 272>;
var<workgroup> w_tile: array<vec4<f32>, 528>;

fn load_x(slot: u32, row: u32, d: u32) -> vec4<f32> {
  if (row == NO_ROW || d >= DEPTHu) { return vec4<f32>(); }
  return x[at_x(x_row(slot, row), d / 4u)];
}

#if NORM
fn load_scale(norm_group: u32, d: u32) -> vec4<f32> {
  if (d >= DEPTHu) { return vec4<f32>(); }
  return scale[(norm_group * DEPTHu + d) / 4u];
}

fn rstd_of(row: u32) -> f32 {
  if (row == NO_ROW) { return 0.0; }
  return rstd[row];
}
#end

fn load_w(group: u32, d: u32, c: u32) -> vec4<f32> {
  if (d >= DEPTHu || c >= COLSu) { return vec4<f32>(); }
  return weight[weight_at(group, d, c) / 4u];
}

fn finish(sum: vec4<f32>, group: u32, slot: u32, row: u32, c: u32) {
  if (row == NO_ROW || c >= COLSu) { return; }
#if FACTORS
  var value = ALPHA * sum;
#else
  var value = sum;
#end
  if (group != NO_ROW) {
#if BIAS
    value += bias[(group * COLSu + c) / 4u];
#end
#if SOFTPLUS
    value = softplus(value);
#end
  }
#if RESIDUAL
#if FACTORS
  value += BETA * residual[at_residual(row, c / 4u)];
#else
  value += residual[at_residual(row, c / 4u)];
#end
#end
#if LOCAL_Y
  y[((slot - FIRST_TILEu * 64u) * COLSu + c) / 4u] = value;
#else
  y[at_y(row, c / 4u)] = value;
#end
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let tile = FIRST_TILEu + workgroup.y;
  let group = group_of(tile);
  let first_column = workgroup.x * 128u;
  // Blocks of 4 × 4 are loaded by row and stored by depth: of x by half of the invocations, of a transposed w by all.
  let block = index / 4u;
  let block_depth = (index % 4u) * 4u;
  let load_slot = tile * 64u + block * 4u;
  let loads_x = index < 64u;
  #repeat I 4: var row#{I} = NO_ROW;
  if (loads_x) {
    #repeat I 4: row#{I} = row_of(load_slot#{+ I});
  }
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
  #repeat I 4: let rstd#{I} = rstd_of(row#{I});
#end
  let column = index % 16u;
  let line = index / 16u;
  var sums: array<vec4<f32>, 16>;
  if (group != NO_ROW) {
    #repeat I 4: var x#{I} = load_x(load_slot#{+ I}, row#{I}, block_depth);
#if NORM
    var scales = load_scale(norm_group, block_depth);
#end
#if TRANSPOSED
    let w_column = first_column + block * 4u;
    #repeat I 4: var w#{I} = load_w(group, block_depth, w_column#{+ I});
#else
    let w_four = index % 32u;
    let w_depth = index / 32u;
    let w_column = first_column + w_four * 4u;
    #repeat I 4: var w#{I} = load_w(group, w_depth#{+ 4 * I}, w_column);
#end
    for (var depth = 0u; depth < DEPTHu; depth += 16u) {
      // The previous panel's loads complete here.
      if (loads_x) {
#if NORM
        #repeat I 4: x#{I} *= rstd#{I} * scales;
#end
        let at = block_depth * 17u + block;
        x_tile[at] = vec4(x0.x, x1.x, x2.x, x3.x);
        x_tile[at + 17u] = vec4(x0.y, x1.y, x2.y, x3.y);
        x_tile[at + 34u] = vec4(x0.z, x1.z, x2.z, x3.z);
        x_tile[at + 51u] = vec4(x0.w, x1.w, x2.w, x3.w);
      }
#if TRANSPOSED
      let w_at = block_depth * 33u + block;
      w_tile[w_at] = vec4(w0.x, w1.x, w2.x, w3.x);
      w_tile[w_at + 33u] = vec4(w0.y, w1.y, w2.y, w3.y);
      w_tile[w_at + 66u] = vec4(w0.z, w1.z, w2.z, w3.z);
      w_tile[w_at + 99u] = vec4(w0.w, w1.w, w2.w, w3.w);
#else
      let w_at = w_depth * 33u + w_four;
      #repeat I 4: w_tile[w_at#{+ 132 * I}] = w#{I};
#end
      workgroupBarrier();
      let next = depth + 16u;
      #repeat I 4: x#{I} = load_x(load_slot#{+ I}, row#{I}, next + block_depth);
#if NORM
      scales = load_scale(norm_group, next + block_depth);
#end
#if TRANSPOSED
      #repeat I 4: w#{I} = load_w(group, next + block_depth, w_column#{+ I});
#else
      #repeat I 4: w#{I} = load_w(group, next + w_depth#{+ 4 * I}, w_column);
#end
      for (var d = 0u; d < 16u; d++) {
        let x_at = d * 17u + line * 2u;
        let at = d * 33u + column;
        outer(&sums, x_tile[x_at], x_tile[x_at + 1u], w_tile[at], w_tile[at + 16u]);
      }
      workgroupBarrier();
    }
  }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
  let slot = tile * 64u + line * 8u;
  let left = first_column + column * 4u;
  let right = left + 64u;
  let first = row_of(slot);
  finish(sums[0], group, slot, first, left);
  finish(sums[1], group, slot, first, right);
  let second = row_of(slot + 1u);
  finish(sums[2], group, slot + 1u, second, left);
  finish(sums[3], group, slot + 1u, second, right);
  let third = row_of(slot + 2u);
  finish(sums[4], group, slot + 2u, third, left);
  finish(sums[5], group, slot + 2u, third, right);
  let fourth = row_of(slot + 3u);
  finish(sums[6], group, slot + 3u, fourth, left);
  finish(sums[7], group, slot + 3u, fourth, right);
  let fifth = row_of(slot + 4u);
  finish(sums[8], group, slot + 4u, fifth, left);
  finish(sums[9], group, slot + 4u, fifth, right);
  let sixth = row_of(slot + 5u);
  finish(sums[10], group, slot + 5u, sixth, left);
  finish(sums[11], group, slot + 5u, sixth, right);
  let seventh = row_of(slot + 6u);
  finish(sums[12], group, slot + 6u, seventh, left);
  finish(sums[13], group, slot + 6u, seventh, right);
  let eighth = row_of(slot + 7u);
  finish(sums[14], group, slot + 7u, eighth, left);
  finish(sums[15], group, slot + 7u, eighth, right);
}
