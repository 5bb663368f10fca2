// What linear.wgsl computes, on matrix units: f16 operands, f32 sums; 128 rows × 128 columns per workgroup, PANEL
// deep in workgroup memory, 64 × 64 per subgroup. The next panel loads into registers while the current one is multiplied.
// Operands are bound as vec4<u32>, eight f16 each. Both tiles of a workgroup belong to one group.
// SPLIT: operands are f32 matrices split by split_f16.wgsl into high and low.

#include rows
#include linear_rows
#if SOFTPLUS
#include softplus
#end

// Rows of x; w by column if transposed, else by depth with 128 columns. Lines are padded by eight against bank conflicts.
var<workgroup> left_tile: array<vec4<f16>, LEFT_TILE>;
var<workgroup> right_tile: array<vec4<f16>, RIGHT_TILE>;
// 16 × 16 sums of each of the four subgroups.
var<workgroup> stripes: array<vec4<f32>, 256>;

// Rows and columns beyond the end may read any numbers, because their sums are never stored. Beyond the depth both
// operands are 0.
fn x_at(slot: u32, row: u32, d: u32) -> u32 { return at_x(select(x_row(slot, row), 0u, row == NO_ROW), d / 8u); }

fn load_x(at: u32, panel: u32, deep: u32) -> vec4<u32> {
#if RAGGED_LINES
  if (panel * 32u + deep >= DEPTHu) { return vec4<u32>(); }
#end
  return x[at + panel * 4u];
}

#if TRANSPOSED
fn w_at(group: u32, d: u32, c: u32) -> u32 { return ((group * COLSu + min(c, COLSu - 1u)) * W_LINEu + d) / 8u; }

fn load_w(at: u32, panel: u32, deep: u32) -> vec4<u32> {
#if RAGGED_LINES
  if (panel * 32u + deep >= DEPTHu) { return vec4<u32>(); }
#end
  return weight[at + panel * 4u];
}
#else
fn w_at(group: u32, d: u32, c: u32) -> u32 { return ((group * DEPTHu + d) * W_LINEu + min(c, W_LINEu - 8u)) / 8u; }

fn load_w(at: u32, panel: u32, d: u32) -> vec4<u32> {
#if RAGGED_DEPTH
  if (panel * PANELu + d >= DEPTHu) { return vec4<u32>(); }
#end
  return weight[at + panel * (PANELu * W_LINEu / 8u)];
}
#end

fn store_left(at: u32, eight: vec4<u32>) {
  left_tile[at] = bitcast<vec4<f16>>(eight.xy);
  left_tile[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

fn store_right(at: u32, eight: vec4<u32>) {
  right_tile[at] = bitcast<vec4<f16>>(eight.xy);
  right_tile[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

#if BIAS
fn bias_at(group: u32, c: u32) -> vec4<f32> {
  if (group == NO_ROW || c >= COLSu) { return vec4<f32>(); }
  return bias[(group * COLSu + c) / 4u];
}
#end

#if RESIDUAL
fn residual_of(row: u32, c: u32) -> vec4<f32> {
  if (row == NO_ROW || c >= COLSu) { return vec4<f32>(); }
  return residual[at_residual(row, c / 4u)];
}
#end

/// Adds bias and residual, applies the activation, and stores. Rows of no group get the residual, or 0.
fn finish(group: u32, slot: u32, row: u32, c: u32, sum: vec4<f32>, shift: vec4<f32>, rest: vec4<f32>) {
  if (row == NO_ROW || c >= COLSu) { return; }
#if SPLIT
  var value = sum * x_factor[0] * weight_factor[0] + shift;
#else
  var value = sum + shift;
#end
#if SOFTPLUS
  if (group != NO_ROW) { value = softplus(value); }
#end
  value += rest;
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
  // Eight lanes store two lines at a time. Lines r and r + 4 are in different banks.
  let quad = index / 4u;
  let line = (quad & 24u) | ((quad & 1u) << 2u) | ((quad >> 1u) & 3u);
  let deep = (index % 4u) * 8u;
  let slot0 = place.x + line;
  #repeat I 4: let row#{I} = row_of(slot0#{+ 32 * I});
  let left_store = (line * 40u + deep) / 4u;
#if TRANSPOSED
  let w_column = place.y + line;
  let right_store = left_store;
#else
  // A line of w is RIGHT_EIGHTS times eight f16.
  let w_column = place.y * PARTSu + (index % RIGHT_EIGHTSu) * 8u;
  let w_depth = index / RIGHT_EIGHTSu;
  let right_store = w_depth * RIGHT_STRIDEu + (index % RIGHT_EIGHTSu) * 2u;
#end
#include matrix_sums
  if (group != NO_ROW) {
    #repeat I 4: let x#{I}_at = x_at(slot0#{+ 32 * I}, row#{I}, deep);
#if TRANSPOSED
    #repeat I 4: let w#{I}_deep = deep;
    #repeat I 4: let w#{I}_at = w_at(group, deep, w_column#{+ 32 * I});
#else
    #repeat I 4: let w#{I}_deep = w_depth#{+ RIGHT_LINES * I};
    #repeat I 4: let w#{I}_at = w_at(group, w#{I}_deep, w_column);
#end
    #repeat I 4: var x#{I} = load_x(x#{I}_at, 0u, deep);
    #repeat I 4: var w#{I} = load_w(w#{I}_at, 0u, w#{I}_deep);
    for (var panel = 0u; panel < PANELSu; panel++) {
      #repeat I 4: store_left(left_store#{+ 320 * I}, x#{I});
      #repeat I 4: store_right(right_store#{+ RIGHT_LINES * RIGHT_STRIDE * I}, w#{I});
      workgroupBarrier();
      // The last round loads the last panel again; the result is unused.
      let next = min(panel + 1u, PANELSu - 1u);
      #repeat I 4: x#{I} = load_x(x#{I}_at, next, deep);
      #repeat I 4: w#{I} = load_w(w#{I}_at, next, w#{I}_deep);
#include matrix_multiply
      workgroupBarrier();
    }
  }
#if LOCAL_Y
  if (group == NO_ROW) { return; }
#end
#include matrix_stripes
}
