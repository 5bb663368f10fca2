// What weight_gradient.wgsl computes, for GPUs and sizes that are multiples of four: 64 × 128 numbers of the gradient a
// workgroup, 16 slots at a time in workgroup memory, 8 × 8 an invocation. The next slots are on their way meanwhile.

#include rows
#include slot_runs
#include outer

// By slot: 64 columns of dy and 128 of x, in fours. One more four a line, against bank conflicts.
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
  // Rows are looked up a panel before what stands in them is asked for, and that a panel before it is multiplied.
  var dy_row0 = row_before(slots.x + dy_place, slots.y);
  var dy_row1 = row_before(slots.x + dy_place + 8u, slots.y);
  var x_row0 = row_before(slots.x + x_place, slots.y);
  var x_row1 = row_before(slots.x + x_place + 4u, slots.y);
  var x_row2 = row_before(slots.x + x_place + 8u, slots.y);
  var x_row3 = row_before(slots.x + x_place + 12u, slots.y);
  var dy0 = vec4<f32>();
  var dy1 = vec4<f32>();
  var x0 = vec4<f32>();
  var x1 = vec4<f32>();
  var x2 = vec4<f32>();
  var x3 = vec4<f32>();
#if NORM
  var rstds = vec4<f32>();
#end
  // The first round only asks for the first panel.
  for (var round = 0u; slots.x + round * 16u < slots.y + 16u; round++) {
    let asked = slots.x + round * 16u;
    let at_dy_tile = dy_place * 17u + dy_four;
    let at_x_tile = x_place * 33u + x_four;
    dy_tile[at_dy_tile] = dy0;
    dy_tile[at_dy_tile + 136u] = dy1;
#if NORM
    x0 *= rstds.x;
    x1 *= rstds.y;
    x2 *= rstds.z;
    x3 *= rstds.w;
#end
    x_tile[at_x_tile] = x0;
    x_tile[at_x_tile + 132u] = x1;
    x_tile[at_x_tile + 264u] = x2;
    x_tile[at_x_tile + 396u] = x3;
    workgroupBarrier();
    dy0 = load_dy(asked + dy_place, dy_row0, n);
    dy1 = load_dy(asked + dy_place + 8u, dy_row1, n);
    x0 = load_x(x_row0, k);
    x1 = load_x(x_row1, k);
    x2 = load_x(x_row2, k);
    x3 = load_x(x_row3, k);
#if NORM
    rstds = vec4(rstd_of(x_row0), rstd_of(x_row1), rstd_of(x_row2), rstd_of(x_row3));
#end
    let later = asked + 16u;
    dy_row0 = row_before(later + dy_place, slots.y);
    dy_row1 = row_before(later + dy_place + 8u, slots.y);
    x_row0 = row_before(later + x_place, slots.y);
    x_row1 = row_before(later + x_place + 4u, slots.y);
    x_row2 = row_before(later + x_place + 8u, slots.y);
    x_row3 = row_before(later + x_place + 12u, slots.y);
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
  store(group, split, row, left, sums[0]);
  store(group, split, row, right, sums[1]);
  store(group, split, row + 1u, left, sums[2]);
  store(group, split, row + 1u, right, sums[3]);
  store(group, split, row + 2u, left, sums[4]);
  store(group, split, row + 2u, right, sums[5]);
  store(group, split, row + 3u, left, sums[6]);
  store(group, split, row + 3u, right, sums[7]);
  store(group, split, row + 4u, left, sums[8]);
  store(group, split, row + 4u, right, sums[9]);
  store(group, split, row + 5u, left, sums[10]);
  store(group, split, row + 5u, right, sums[11]);
  store(group, split, row + 6u, left, sums[12]);
  store(group, split, row + 6u, right, sums[13]);
  store(group, split, row + 7u, left, sums[14]);
  store(group, split, row + 7u, right, sums[15]);
}
