// What weight_gradient.wgsl computes, for GPUs and sizes that are multiples of four: 64 × 128 numbers of the gradient a
// workgroup, 16 slots at a time in workgroup memory, 8 × 8 an invocation. The next slots are on their way meanwhile.

#include rows
#include slot_runs
#include outer

// By slot: 64 columns of dy and 128 of x, in fours. One more four a line, against bank conflicts.
var<workgroup> dy_tile: array<vec4<f32>, 272>;
var<workgroup> x_tile: array<vec4<f32>, 528>;

fn load_dy(slot: u32, end: u32, n: u32) -> vec4<f32> {
  if (slot >= end || n >= NSu) { return vec4<f32>(); }
  let row = row_of(slot);
  if (row == NO_ROW) { return vec4<f32>(); }
  return dy[at_dy(dy_row(slot, row), n / 4u)];
}

fn load_x(slot: u32, end: u32, k: u32) -> vec4<f32> {
  if (slot >= end || k >= KSu) { return vec4<f32>(); }
  let row = row_of(slot);
  if (row == NO_ROW) { return vec4<f32>(); }
#if NORM
  return rstd[row] * x[at_x(row, k / 4u)];
#else
  return x[at_x(row, k / 4u)];
#end
}

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
  var dy0 = load_dy(slots.x + dy_place, slots.y, n);
  var dy1 = load_dy(slots.x + dy_place + 8u, slots.y, n);
  var x0 = load_x(slots.x + x_place, slots.y, k);
  var x1 = load_x(slots.x + x_place + 4u, slots.y, k);
  var x2 = load_x(slots.x + x_place + 8u, slots.y, k);
  var x3 = load_x(slots.x + x_place + 12u, slots.y, k);
  for (var slot = slots.x; slot < slots.y; slot += 16u) {
    dy_tile[dy_place * 17u + dy_four] = dy0;
    dy_tile[(dy_place + 8u) * 17u + dy_four] = dy1;
    let x_at = x_place * 33u + x_four;
    x_tile[x_at] = x0;
    x_tile[x_at + 132u] = x1;
    x_tile[x_at + 264u] = x2;
    x_tile[x_at + 396u] = x3;
    workgroupBarrier();
    let next = slot + 16u;
    dy0 = load_dy(next + dy_place, slots.y, n);
    dy1 = load_dy(next + dy_place + 8u, slots.y, n);
    x0 = load_x(next + x_place, slots.y, k);
    x1 = load_x(next + x_place + 4u, slots.y, k);
    x2 = load_x(next + x_place + 8u, slots.y, k);
    x3 = load_x(next + x_place + 12u, slots.y, k);
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
