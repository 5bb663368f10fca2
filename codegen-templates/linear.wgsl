// Linear layer, and its gradient by the input, over rows sorted by group.
//   forward (TRANSPOSED): y[r, c] = activation(Σ_d x̂[r, d]·weight[g, c, d] + bias[g, c]) + residual[r, c]
//   by the input:         y[r, c] = Σ_d x[r, d]·weight[g, d, c] + residual[r, c]
// x̂ = x, or with NORM x[r, d]·rstd[r]·scale[norm group, d]. A slot is a place in the table of rows; without TABLE
// slots are rows. LOCAL_X and LOCAL_Y: x or y is indexed by slot, from tile FIRST_TILE on.
// Rows of no group get the residual, or 0.

#include rows
#include linear_rows
#if SOFTPLUS
#include softplus
#end

#include linear_finish

#if TILED
// 64 rows × 64 columns a workgroup, 16 deep in workgroup memory, 4 × 4 numbers an invocation.
var<workgroup> x_tile: array<f32, 1024>;
var<workgroup> w_tile: array<f32, 1024>;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let tile = FIRST_TILEu + workgroup.y;
  let group = group_of(tile);
  let first_column = workgroup.x * 64u;
  let load_slot = tile * 64u + index / 4u;
  let load_row = row_of(load_slot);
  let load_depth = (index % 4u) * 4u;
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#end
  var sums: array<vec4<f32>, 4>;
  if (group != NO_ROW) {
    for (var depth = 0u; depth < DEPTHu; depth += 16u) {
      for (var i = 0u; i < 4u; i++) {
        let d = depth + load_depth + i;
        var value = 0.0;
        if (load_row != NO_ROW && d < DEPTHu) {
          value = x[at_x(x_row(load_slot, load_row), d)];
#if NORM
          value *= rstd[load_row] * scale[norm_group * DEPTHu + d];
#end
        }
        x_tile[(load_depth + i) * 64u + index / 4u] = value;
#if TRANSPOSED
        let c = index / 4u;
        let w_depth = load_depth + i;
#else
        let c = index % 64u;
        let w_depth = index / 64u + 4u * i;
#end
        var w = 0.0;
        if (first_column + c < COLSu && depth + w_depth < DEPTHu) {
          w = weight[weight_at(group, depth + w_depth, first_column + c)];
        }
        w_tile[w_depth * 64u + c] = w;
      }
      workgroupBarrier();
      for (var d = 0u; d < 16u; d++) {
        let at = d * 64u;
        let w = vec4(
          #repeat I 4: w_tile[at + local.x#{+ 16 * I}],
        );
        #repeat I 4: sums[#{I}] += x_tile[at + local.y * 4u#{+ I}] * w;
      }
      workgroupBarrier();
    }
  }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
  for (var i = 0u; i < 4u; i++) {
    let slot = tile * 64u + local.y * 4u + i;
    let row = row_of(slot);
    if (row == NO_ROW) { continue; }
    for (var j = 0u; j < 4u; j++) {
      let c = first_column + local.x + 16u * j;
      if (c < COLSu) { finish(sums[i][j], group, slot, row, c); }
    }
  }
}
#else
// 4 rows × 8 columns an invocation, all in registers, no workgroup memory: for adapters that run on a CPU.
fn load_x(slot: u32, row: u32, d: u32, norm_group: u32) -> vec4<f32> {
  if (row == NO_ROW) { return vec4<f32>(); }
#if X_VEC4
  var value = x[at_x(x_row(slot, row), d / 4u)];
#else
  let at = at_x(x_row(slot, row), d);
  let left = DEPTHu - d;
  var value = vec4(x[at], 0.0, 0.0, 0.0);
  if (left > 1u) { value.y = x[at + 1u]; }
  if (left > 2u) { value.z = x[at + 2u]; }
  if (left > 3u) { value.w = x[at + 3u]; }
#end
#if NORM
  let s = norm_group * DEPTHu + d;
  let last = norm_group * DEPTHu + DEPTHu - 1u;
  value *= rstd[row] * vec4(scale[s], scale[min(s + 1u, last)], scale[min(s + 2u, last)], scale[min(s + 3u, last)]);
#end
  return value;
}

// Four weights in a row of memory: along d when TRANSPOSED, else along c.
fn load_w(group: u32, d: u32, c: u32) -> vec4<f32> {
#if W_VEC4
#if TRANSPOSED
  return weight[weight_at(group, d, min(c, COLSu - 1u)) / 4u];
#else
  return weight[weight_at(group, min(d, DEPTHu - 1u), c) / 4u];
#end
#else
#if TRANSPOSED
  let at = weight_at(group, d, min(c, COLSu - 1u));
  let left = DEPTHu - d;
#else
  let at = weight_at(group, min(d, DEPTHu - 1u), c);
  let left = COLSu - c;
#end
  var value = vec4(weight[at], 0.0, 0.0, 0.0);
  if (left > 1u) { value.y = weight[at + 1u]; }
  if (left > 2u) { value.z = weight[at + 2u]; }
  if (left > 3u) { value.w = weight[at + 3u]; }
  return value;
#end
}

// The 4 × 4 block of weights by which a block of x (a column for each row) is multiplied from the left.
fn block_w(group: u32, d: u32, c: u32) -> mat4x4<f32> {
#if TRANSPOSED
  return transpose(mat4x4(
    load_w(group, d, c), load_w(group, d, c + 1u), load_w(group, d, c + 2u), load_w(group, d, c + 3u),
  ));
#else
  return mat4x4(
    load_w(group, d, c), load_w(group, d + 1u, c), load_w(group, d + 2u, c), load_w(group, d + 3u, c),
  );
#end
}

@compute @workgroup_size(4, 16)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let tile = FIRST_TILEu + workgroup.y;
  let group = group_of(tile);
  let slot = tile * 64u + local.y * 4u;
  let column = (workgroup.x * 4u + local.x) * 8u;
  #repeat I 4: let row#{I} = row_of(slot#{+ I});
  if (column >= COLSu || row0 == NO_ROW) { return; }
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#else
  let norm_group = 0u;
#end
  var low = mat4x4<f32>();
  var high = mat4x4<f32>();
  if (group != NO_ROW) {
    let second = min(column + 4u, LAST_BLOCKu);
    for (var d = 0u; d < DEPTHu; d += 4u) {
      let rows = mat4x4(
        #repeat I 4: load_x(slot#{+ I}, row#{I}, d, norm_group),
      );
      low += block_w(group, d, column) * rows;
      high += block_w(group, d, second) * rows;
    }
  }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
  for (var i = 0u; i < 4u; i++) {
    let row = row_of(slot + i);
    if (row == NO_ROW) { continue; }
    for (var j = 0u; j < 4u; j++) {
      if (column + j < COLSu) { finish(low[i][j], group, slot + i, row, column + j); }
      if (column + 4u + j < COLSu) { finish(high[i][j], group, slot + i, row, column + 4u + j); }
    }
  }
}
#end
