// Gradient of a linear layer by its weight: out[g, n, k] = Σ dy[r, n]·x̂[r, k] over the rows of group g.
// The slots of a group are cut into SPLITS runs; each run's sum goes to `partial`, or with one run to the gradient.
// LOCAL_DY: dy is indexed by slot, and only slots of the tiles from FIRST_TILE to END_TILE count.

#include rows
#include slot_runs

#include weight_gradient_store

#if TILED
// 64 × 64 numbers of the gradient a workgroup, 16 rows at a time in workgroup memory.
var<workgroup> dy_tile: array<f32, 1024>;
var<workgroup> x_tile: array<f32, 1024>;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let group = workgroup.z / SPLITSu;
  let split = workgroup.z % SPLITSu;
  let first_k = workgroup.x * 64u;
  let first_n = workgroup.y * 64u;
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#end
  let slots = run(group, split);
  let column = index % 64u;
  var sums: array<vec4<f32>, 4>;
  for (var slot = slots.x; slot < slots.y; slot += 16u) {
    for (var i = 0u; i < 4u; i++) {
      let place = index / 64u + 4u * i;
      var row = NO_ROW;
      if (slot + place < slots.y) { row = row_of(slot + place); }
      var d = 0.0;
      var value = 0.0;
      if (row != NO_ROW) {
        if (first_n + column < NSu) { d = dy[at_dy(dy_row(slot + place, row), first_n + column)]; }
        if (first_k + column < KSu) {
          value = x[at_x(row, first_k + column)];
#if NORM
          value *= rstd[row] * scale[norm_group * KSu + first_k + column];
#end
        }
      }
      dy_tile[place * 64u + column] = d;
      x_tile[place * 64u + column] = value;
    }
    workgroupBarrier();
    for (var place = 0u; place < 16u; place++) {
      let at = place * 64u;
      let value = vec4(
        #repeat I 4: x_tile[at + local.x#{+ 16 * I}],
      );
      #repeat I 4: sums[#{I}] += dy_tile[at + local.y * 4u#{+ I}] * value;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let n = first_n + local.y * 4u + i;
      let k = first_k + local.x + 16u * j;
      if (n < NSu && k < KSu) { store(group, split, n, k, sums[i][j]); }
    }
  }
}
#else
// 4 × 8 numbers of the gradient an invocation, in registers: for adapters that run on a CPU.
fn load_dy(row: u32, n: u32) -> vec4<f32> {
#if DY_VEC4
  return dy[at_dy(row, n / 4u)];
#else
  let at = at_dy(row, n);
  let left = NSu - n;
  var value = vec4(dy[at], 0.0, 0.0, 0.0);
  if (left > 1u) { value.y = dy[at + 1u]; }
  if (left > 2u) { value.z = dy[at + 2u]; }
  if (left > 3u) { value.w = dy[at + 3u]; }
  return value;
#end
}

fn load_x(row: u32, k: u32) -> vec4<f32> {
#if X_VEC4
  return x[at_x(row, k / 4u)];
#else
  let at = at_x(row, k);
  let left = KSu - k;
  var value = vec4(x[at], 0.0, 0.0, 0.0);
  if (left > 1u) { value.y = x[at + 1u]; }
  if (left > 2u) { value.z = x[at + 2u]; }
  if (left > 3u) { value.w = x[at + 3u]; }
  return value;
#end
}

fn scales(norm_group: u32, k: u32) -> vec4<f32> {
#if NORM
  let s = norm_group * KSu;
  let last = s + KSu - 1u;
  return vec4(scale[s + k], scale[min(s + k + 1u, last)], scale[min(s + k + 2u, last)], scale[min(s + k + 3u, last)]);
#else
  return vec4(1.0);
#end
}

fn outer(d: vec4<f32>, value: vec4<f32>) -> mat4x4<f32> {
  return mat4x4(d.x * value, d.y * value, d.z * value, d.w * value);
}

@compute @workgroup_size(4, 16)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let group = workgroup.z / SPLITSu;
  let split = workgroup.z % SPLITSu;
  let k = (workgroup.x * 4u + local.x) * 8u;
  let n = (workgroup.y * 16u + local.y) * 4u;
  if (k >= KSu || n >= NSu) { return; }
  let second = min(k + 4u, LAST_BLOCKu);
#if NORM
  let norm_group = select(0u, group, SCALE_GROUPSu > 1u);
#else
  let norm_group = 0u;
#end
  let slots = run(group, split);
  var low = mat4x4<f32>();
  var high = mat4x4<f32>();
  for (var slot = slots.x; slot < slots.y; slot++) {
    let row = row_of(slot);
    if (row == NO_ROW) { continue; }
    var d = load_dy(dy_row(slot, row), n);
#if NORM
    d *= rstd[row];
#end
    low += outer(d, load_x(row, k));
    high += outer(d, load_x(row, second));
  }
  let low_scale = scales(norm_group, k);
  let high_scale = scales(norm_group, second);
  for (var i = 0u; i < 4u; i++) {
    if (n + i >= NSu) { break; }
    for (var j = 0u; j < 4u; j++) {
      if (k + j < KSu) { store(group, split, n + i, k + j, low[i][j] * low_scale[j]); }
      if (k + 4u + j < KSu) { store(group, split, n + i, k + 4u + j, high[i][j] * high_scale[j]); }
    }
  }
}
#end
