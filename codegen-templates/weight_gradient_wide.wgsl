// What weight_gradient.wgsl computes, for GPUs and sizes that are multiples of four: 64 × 128 numbers of the gradient a
// workgroup, 16 slots at a time in workgroup memory, 8 × 8 an invocation. The next slots load at the same time.

#include rows
#include slot_runs
#include outer

// By slot: 64 columns of dy and 128 of x, as vec4. Lines are padded by one vec4 against bank conflicts.
var<workgroup> dy_tile: array<vec4<f32>, 272>;
var<workgroup> x_tile: array<vec4<f32>, 528>;

fn row_before(slot: u32, end: u32) -> u32 {
  if (slot >= end) { return NO_ROW; }
  return row_of(slot);
}

fn load_dy(slot: u32, row: u32, n: u32) -> vec4<f32> {
  if (row == NO_ROW || n >= NSu) { return vec4<f32>(); }
  return dy[at_dy(dy_row(slot, row), n / 4u)];
}

fn load_x(row: u32, k: u32) -> vec4<f32> {
  if (row == NO_ROW || k >= KSu) { return vec4<f32>(); }
  return x[at_x(row, k / 4u)];
}

#if NORM
fn rstd_of(row: u32) -> f32 {
  if (row == NO_ROW) { return 0.0; }
  return rstd[row];
}
#end

fn store(group: u32, split: u32, n: u32, k: u32, sum: vec4<f32>) {
  if (n >= NSu || k >= KSu) { return; }
  var value = sum;
#if NORM
  value *= scale[(select(0u, group, SCALE_GROUPSu > 1u) * KSu + k) / 4u];
#end
  let at = ((group * NSu + n) * KSu + k) / 4u;
#if DIRECT
#if ADD
  value += dweight[at];
#else
  if (step.accumulate != 0u) { value += dweight[at]; }
#end
  dweight[at] = value;
#else
  partial[split * (GROUPSu * NSu * KSu / 4u) + at] = value;
#end
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let group = workgroup.z / SPLITSu;
  let split = workgroup.z % SPLITSu;
  let first_k = workgroup.x * 128u;
  let first_n = workgroup.y * 64u;
  let slots = run(group, split);
  let dy_four = index % 16u;
  let dy_place = index / 16u;
  let n = first_n + dy_four * 4u;
  let x_four = index % 32u;
  let x_place = index / 32u;
  let k = first_k + x_four * 4u;
  let column = index % 16u;
  let line = index / 16u;
  var sums: array<vec4<f32>, 16>;
  // Row indices load two panels ahead of the multiplication, and the rows themselves one panel ahead.
  #repeat I 2: var dy_row#{I} = row_before(slots.x + dy_place#{+ 8 * I}, slots.y);
  #repeat I 4: var x_row#{I} = row_before(slots.x + x_place#{+ 4 * I}, slots.y);
  #repeat I 2: var dy#{I} = vec4<f32>();
  #repeat I 4: var x#{I} = vec4<f32>();
#if NORM
  var rstds = vec4<f32>();
#end
  // The first round multiplies zeros and loads the first panel.
  for (var round = 0u; slots.x + round * 16u < slots.y + 16u; round++) {
    let asked = slots.x + round * 16u;
    let at_dy_tile = dy_place * 17u + dy_four;
    let at_x_tile = x_place * 33u + x_four;
    #repeat I 2: dy_tile[at_dy_tile#{+ 136 * I}] = dy#{I};
#if NORM
    #repeat I 4: x#{I} *= rstds.#{xyzw[I]};
#end
    #repeat I 4: x_tile[at_x_tile#{+ 132 * I}] = x#{I};
    workgroupBarrier();
    #repeat I 2: dy#{I} = load_dy(asked + dy_place#{+ 8 * I}, dy_row#{I}, n);
    #repeat I 4: x#{I} = load_x(x_row#{I}, k);
#if NORM
    rstds = vec4(rstd_of(x_row0), rstd_of(x_row1), rstd_of(x_row2), rstd_of(x_row3));
#end
    let later = asked + 16u;
    #repeat I 2: dy_row#{I} = row_before(later + dy_place#{+ 8 * I}, slots.y);
    #repeat I 4: x_row#{I} = row_before(later + x_place#{+ 4 * I}, slots.y);
    for (var place = 0u; place < 16u; place++) {
      let above = place * 17u + line * 2u;
      let at = place * 33u + column;
      outer(&sums, dy_tile[above], dy_tile[above + 1u], x_tile[at], x_tile[at + 16u]);
    }
    workgroupBarrier();
  }
  let row = first_n + line * 8u;
  let left = first_k + column * 4u;
  let right = left + 64u;
#repeat I 8
  store(group, split, row#{+ I}, left, sums[#{2 * I}]);
  store(group, split, row#{+ I}, right, sums[#{2 * I + 1}]);
#end
}
