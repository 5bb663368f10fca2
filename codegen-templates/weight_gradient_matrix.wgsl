// What weight_gradient.wgsl computes, on matrix units: f16 operands, f32 sums; 128 × 128 numbers of the gradient
// a workgroup, PANEL slots at a time in workgroup memory, 64 × 64 a subgroup. The next slots load at the same time.
// Operands in f32 are split by split_f16.wgsl into high and low.

#include rows
#include slot_runs

// By slot: 128 columns of dy, and of x. Lines are padded by eight against bank conflicts.
var<workgroup> left_tile: array<vec4<f16>, LEFT_TILE>;
var<workgroup> right_tile: array<vec4<f16>, RIGHT_TILE>;

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
// less time than with a test of each slot.
fn within(slot: u32, end: u32) -> u32 { return min(slot, max(end, 1u) - 1u); }
fn row_at(slot: u32, end: u32) -> u32 { return row_of(within(slot, end)); }
fn dy_at(slot: u32, row: u32, end: u32) -> u32 { return dy_row(within(slot, end), row); }

// Sums of columns beyond the end are never stored.
fn load_dy(row: u32, n: u32) -> vec4<u32> { return dy[at_dy(row, min(n, PARTSu * NSu - 8u) / 8u)]; }
fn load_x(row: u32, k: u32) -> vec4<u32> { return x[at_x(row, min(k, PARTSu * KSu - 8u) / 8u)]; }

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
  let end = end_of(slots);
  let sub_row = (index / 64u) * 64u;
  let sub_column = (index / 32u % 2u) * 64u;
  // 16 invocations load a line, of PARTS · 128 f16.
  let eight = (index % 16u) * 8u;
  let line = index / 16u;
  let n = PARTSu * first_n + eight;
  let k = PARTSu * first_k + eight;
  // Where the subgroup's sums go, in numbers.
  let sums_n = first_n + sub_row;
  let sums_k = first_k + sub_column;
#if DIRECT
  let sums_at = (group * NSu + sums_n) * KSu + sums_k;
#else
  let sums_at = ((split * GROUPSu + group) * NSu + sums_n) * KSu + sums_k;
#end
  let store_at = line * LEFT_STRIDEu + eight / 4u;
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
  #repeat I LOADS: var row#{I} = row_at(slots.x + line#{+ 8 * I}, end);
#repeat P PARTS
  #repeat I LOADS: var dy#{I}_#{P} = vec4<u32>();
  #repeat I LOADS: var x#{I}_#{P} = vec4<u32>();
#end
  // The first slot of the panel in registers, and of the one that loads next.
  var held = slots.x;
  var asked = slots.x;
  let rounds = (end - slots.x + PANELu - 1u) / PANELu;
  // The first round multiplies zeros, while the first panel loads. A run without rows has no rounds.
  for (var round = 0u; round < select(0u, rounds + 1u, rounds > 0u); round++) {
#repeat P PARTS
    if (held + PANELu > end) {
      #repeat I LOADS: dy#{I}_#{P} = select(vec4<u32>(), dy#{I}_#{P}, held + line#{+ 8 * I} < end);
    }
    #repeat I LOADS: store_left(store_at#{+ 8 * LEFT_STRIDE * I + 32 * P}, dy#{I}_#{P});
    #repeat I LOADS: store_right(store_at#{+ 8 * LEFT_STRIDE * I + 32 * P}, x#{I}_#{P});
#end
    workgroupBarrier();
#repeat I LOADS
    let from#{I} = dy_at(asked + line#{+ 8 * I}, row#{I}, end);
    #repeat P PARTS: dy#{I}_#{P} = load_dy(from#{I}, n#{+ 128 * P});
    #repeat P PARTS: x#{I}_#{P} = load_x(row#{I}, k#{+ 128 * P});
#end
    held = asked;
    asked += PANELu;
    #repeat I LOADS: row#{I} = row_at(asked + line#{+ 8 * I}, end);
#include matrix_multiply
    workgroupBarrier();
  }
#include matrix_leave
}
