// What weight_gradient.wgsl computes, on matrix units: f16 operands, f32 sums; 128 × 128 numbers of the gradient
// a workgroup, 32 slots at a time in workgroup memory, 64 × 64 a subgroup. The next slots load at the same time.
// SPLIT: operands are f32 matrices split by split_f16.wgsl into high and low. Three passes over the run add low dy by high x,
// high dy by low x, and high by high.

#include rows
#include slot_runs

// By slot: 128 columns of dy, and of x. Lines are padded by eight against bank conflicts.
var<workgroup> left_tile: array<vec4<f16>, 1088>;
var<workgroup> right_tile: array<vec4<f16>, 1088>;

#if SPLIT
// An empty slot has NO_ROW. Its dy is set to 0 after it has loaded.
fn row_at(slot: u32, end: u32) -> u32 {
  if (slot >= end) { return NO_ROW; }
  return row_of(slot);
}
fn dy_at(slot: u32, row: u32, end: u32) -> u32 { return select(dy_row(slot, row), 0u, row == NO_ROW); }
fn x_at(row: u32) -> u32 { return select(row, 0u, row == NO_ROW); }
#else
/// The slot after the last one of a run that has a row. The empty slots of a group are its last ones.
fn end_of(slots: vec2<u32>) -> u32 {
  if (slots.x >= slots.y || row_of(slots.y - 1u) != NO_ROW) { return slots.y; }
  var low = slots.x;
  var high = slots.y - 1u;
  while (low < high) {
    let middle = (low + high) / 2u;
    if (row_of(middle) == NO_ROW) { high = middle; } else { low = middle + 1u; }
  }
  return high;
}

// Beyond the end, the last row loads again, and dy is set to 0. Only the last panel has such slots, so an H200 needs a quarter
// less time than with a test of each slot. (For split operands, which need more registers, it is the other way round.)
fn within(slot: u32, end: u32) -> u32 { return min(slot, max(end, 1u) - 1u); }
fn row_at(slot: u32, end: u32) -> u32 { return row_of(within(slot, end)); }
fn dy_at(slot: u32, row: u32, end: u32) -> u32 { return dy_row(within(slot, end), row); }
fn x_at(row: u32) -> u32 { return row; }
#end

// Sums of columns beyond the end are never stored.
fn load_dy(plane: u32, row: u32, n: u32) -> vec4<u32> { return dy[plane + at_dy(row, min(n, NSu - 8u) / 8u)]; }
fn load_x(plane: u32, row: u32, k: u32) -> vec4<u32> { return x[plane + at_x(row, min(k, KSu - 8u) / 8u)]; }

fn store_left(at: u32, eight: vec4<u32>) {
  left_tile[at] = bitcast<vec4<f16>>(eight.xy);
  left_tile[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

fn store_right(at: u32, eight: vec4<u32>) {
  right_tile[at] = bitcast<vec4<f16>>(eight.xy);
  right_tile[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let group = workgroup.z / SPLITSu;
  let split = workgroup.z % SPLITSu;
  let first_n = workgroup.y * 128u;
  let first_k = workgroup.x * 128u;
  let slots = run(group, split);
#if SPLIT
  let end = slots.y;
#else
  let end = end_of(slots);
#end
  let sub_row = (index / 64u) * 64u;
  let sub_column = (index / 32u % 2u) * 64u;
  let eight = (index % 16u) * 8u;
  let line = index / 16u;
  let n = first_n + eight;
  let k = first_k + eight;
  // Where the subgroup's sums go, in numbers.
  let sums_n = first_n + sub_row;
  let sums_k = first_k + sub_column;
#if DIRECT
  let sums_at = (group * NSu + sums_n) * KSu + sums_k;
#else
  let sums_at = ((split * GROUPSu + group) * NSu + sums_n) * KSu + sums_k;
#end
  let store_at = (line * 136u + eight) / 4u;
#include matrix_sums
#if GROWS
  // The gradient so far, where this adds to it.
#if ADD
#include matrix_begin
#else
  if (step.accumulate != 0u) {
#include matrix_begin
  }
#end
#end
  // Row indices load two panels ahead of the multiplication, and the rows themselves one panel ahead.
  #repeat I 4: var row#{I} = row_at(slots.x + line#{+ 8 * I}, end);
  #repeat I 4: var dy#{I} = vec4<u32>();
  #repeat I 4: var x#{I} = vec4<u32>();
  // The first slot of the panel that loads next.
  var asked = slots.x;
  let rounds = (end - slots.x + 31u) / 32u;
#if SPLIT
  var counts = vec4<bool>();
  var dy_plane = DY_PLANEu;
  var x_plane = 0u;
  let all_rounds = 3u * rounds;
#else
  // The first slot of the panel in registers.
  var held = slots.x;
  let dy_plane = 0u;
  let x_plane = 0u;
  let all_rounds = rounds;
#end
  // The first round multiplies zeros, while the first panel loads. A run without rows has no rounds.
  for (var round = 0u; round < select(0u, all_rounds + 1u, rounds > 0u); round++) {
#if SPLIT
    #repeat I 4: store_left(store_at#{+ 272 * I}, select(vec4<u32>(), dy#{I}, counts.#{xyzw[I]}));
#else
    if (held + 32u > end) {
      #repeat I 4: dy#{I} = select(vec4<u32>(), dy#{I}, held + line#{+ 8 * I} < end);
    }
    #repeat I 4: store_left(store_at#{+ 272 * I}, dy#{I});
#end
    #repeat I 4: store_right(store_at#{+ 272 * I}, x#{I});
    workgroupBarrier();
    #repeat I 4: dy#{I} = load_dy(dy_plane, dy_at(asked + line#{+ 8 * I}, row#{I}, end), n);
    #repeat I 4: x#{I} = load_x(x_plane, x_at(row#{I}), k);
#if SPLIT
    counts = vec4(row0, row1, row2, row3) != vec4(NO_ROW);
    asked += 32u;
    if (asked >= end) {
      asked = slots.x;
      let pass_of = (round + 1u) / rounds;
      dy_plane = 0u;
      x_plane = select(0u, X_PLANEu, pass_of == 1u);
    }
#else
    held = asked;
    asked += 32u;
#end
    #repeat I 4: row#{I} = row_at(asked + line#{+ 8 * I}, end);
#include matrix_multiply
    workgroupBarrier();
  }
#include matrix_leave
}
