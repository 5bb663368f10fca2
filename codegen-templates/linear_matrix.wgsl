// What linear.wgsl computes, on matrix units: operands of halves, sums in f32; 128 rows × 128 columns a workgroup, 32
// deep in workgroup memory, 64 × 64 a subgroup. While one panel is multiplied, the next is on its way to registers.
// Operands are bound as vec4<u32>, eight halves each; tables keep pairs of tiles in one group.

#include rows
#include linear_rows
#if SOFTPLUS
#include softplus
#end

// By row, 32 deep; a transposed w by column likewise, else by depth, 128 columns. Eight more a line, against bank conflicts.
var<workgroup> left_tile: array<vec4<f16>, 1280>;
#if TRANSPOSED
var<workgroup> right_tile: array<vec4<f16>, 1280>;
#else
var<workgroup> right_tile: array<vec4<f16>, 1088>;
#end
// 16 rows of 64 sums for each subgroup, four more a line.
var<workgroup> stripes: array<f32, 4352>;

fn load_x(slot: u32, row: u32, d: u32) -> vec4<u32> {
  if (row == NO_ROW || d >= DEPTHu) { return vec4<u32>(); }
  return x[at_x(x_row(slot, row), d / 8u)];
}

fn load_w(group: u32, d: u32, c: u32) -> vec4<u32> {
  if (d >= DEPTHu || c >= COLSu) { return vec4<u32>(); }
  return weight[weight_at(group, d, c) / 8u];
}

fn store_left(at: u32, eight: vec4<u32>) {
  left_tile[at] = bitcast<vec4<f16>>(eight.xy);
  left_tile[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

fn store_right(at: u32, eight: vec4<u32>) {
  right_tile[at] = bitcast<vec4<f16>>(eight.xy);
  right_tile[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

/// What follows the sum; `place` is the tile's first slot and first column.
fn finish(group: u32, line: u32, column: u32, sum: vec4<f32>, place: vec2<u32>) {
  let slot = place.x + line;
  let c = place.y + column;
  let row = row_of(slot);
  if (row == NO_ROW || c >= COLSu) { return; }
  var value = sum;
  if (group != NO_ROW) {
#if BIAS
    value += bias[(group * COLSu + c) / 4u];
#end
#if SOFTPLUS
    value = vec4(softplus(value.x), softplus(value.y), softplus(value.z), softplus(value.w));
#end
  }
#if RESIDUAL
  value += residual[at_residual(row, c / 4u)];
#end
#if LOCAL_Y
  y[((slot - FIRST_TILEu * 64u) * COLSu + c) / 4u] = value;
#else
  y[at_y(row, c / 4u)] = value;
#end
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let tile = FIRST_TILEu + workgroup.y * 2u;
  let group = group_of(tile);
  let place = vec2(tile * 64u, workgroup.x * 128u);
  let sub_row = (index / 64u) * 64u;
  let sub_column = (index / 32u % 2u) * 64u;
  let line = index / 4u;
  let deep = (index % 4u) * 8u;
  let slot0 = place.x + line;
  let row0 = row_of(slot0);
  let row1 = row_of(slot0 + 32u);
  let row2 = row_of(slot0 + 64u);
  let row3 = row_of(slot0 + 96u);
  let left_store = (line * 40u + deep) / 4u;
#if TRANSPOSED
  let w_column = place.y + line;
  let right_store = left_store;
#else
  let w_column = place.y + (index % 16u) * 8u;
  let w_depth = index / 16u;
  let right_store = (w_depth * 136u + (index % 16u) * 8u) / 4u;
#end
#include matrix_sums
  if (group != NO_ROW) {
    var x0 = load_x(slot0, row0, deep);
    var x1 = load_x(slot0 + 32u, row1, deep);
    var x2 = load_x(slot0 + 64u, row2, deep);
    var x3 = load_x(slot0 + 96u, row3, deep);
#if TRANSPOSED
    var w0 = load_w(group, deep, w_column);
    var w1 = load_w(group, deep, w_column + 32u);
    var w2 = load_w(group, deep, w_column + 64u);
    var w3 = load_w(group, deep, w_column + 96u);
#else
    var w0 = load_w(group, w_depth, w_column);
    var w1 = load_w(group, w_depth + 8u, w_column);
    var w2 = load_w(group, w_depth + 16u, w_column);
    var w3 = load_w(group, w_depth + 24u, w_column);
#end
    for (var depth = 0u; depth < DEPTHu; depth += 32u) {
      store_left(left_store, x0);
      store_left(left_store + 320u, x1);
      store_left(left_store + 640u, x2);
      store_left(left_store + 960u, x3);
#if TRANSPOSED
      store_right(right_store, w0);
      store_right(right_store + 320u, w1);
      store_right(right_store + 640u, w2);
      store_right(right_store + 960u, w3);
#else
      store_right(right_store, w0);
      store_right(right_store + 272u, w1);
      store_right(right_store + 544u, w2);
      store_right(right_store + 816u, w3);
#end
      workgroupBarrier();
      let next = depth + 32u;
      x0 = load_x(slot0, row0, next + deep);
      x1 = load_x(slot0 + 32u, row1, next + deep);
      x2 = load_x(slot0 + 64u, row2, next + deep);
      x3 = load_x(slot0 + 96u, row3, next + deep);
#if TRANSPOSED
      w0 = load_w(group, next + deep, w_column);
      w1 = load_w(group, next + deep, w_column + 32u);
      w2 = load_w(group, next + deep, w_column + 64u);
      w3 = load_w(group, next + deep, w_column + 96u);
#else
      w0 = load_w(group, next + w_depth, w_column);
      w1 = load_w(group, next + w_depth + 8u, w_column);
      w2 = load_w(group, next + w_depth + 16u, w_column);
      w3 = load_w(group, next + w_depth + 24u, w_column);
#end
#include matrix_multiply
      workgroupBarrier();
    }
  }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
#include matrix_stripes
}
