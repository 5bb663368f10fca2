// Muon on a stack of ROWS × COLS matrices. The GROUPS copies of a parameter are contiguous; parameters are STRIDE numbers apart.
//   SQUARES: partial[matrix·RUNS + i] = Σ u² over the i-th run of RUN numbers, and whether a gradient there is not 0
//   SUMS:    sums[2·matrix] and sums[2·matrix + 1]: the same of the whole matrix, added up in order by one workgroup
//   BEGIN:   momentum, and x = u / (‖u‖ + 1e-7) in its padded stack, HEIGHT × WIDTH, 0 in what pads it
//   END:     parameter·(1 − lr·decay) − lr·RATIO·x
// TURNED: the stack holds the matrix transposed. SCALED: gradients are multiplied by scale[2], too.
// A matrix whose gradient is 0 everywhere is unchanged; so are all matrices when the update is skipped.

#if ELEMENTS
// Of element e of a matrix, in its arena.
fn place(matrix: u32, e: u32) -> u32 {
  return (matrix / GROUPSu) * STRIDEu + (matrix % GROUPSu) * SIZEu + e;
}
#end
#if MOVES
// (1 − weight)·old + weight·new, with share = 1 − weight: uses the smaller of the two exactly.
fn mean(old: f32, new_value: f32, share: f32, weight: f32) -> f32 {
  return select(share * old + weight * new_value, old + weight * (new_value - old), share >= 0.5);
}
#end
#if SQUARES
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= COUNTu * RUNSu) { return; }
#include update_guard
  let matrix = i / RUNSu;
  let run = i % RUNSu;
  // Neighbours in a workgroup read neighbours in memory.
  let first = (run / 64u) * 64u * RUNu + run % 64u;
  var sum = 0.0;
  var any = 0.0;
  for (var j = 0u; j < RUNu; j++) {
    let e = first + j * 64u;
    if (e >= SIZEu) { break; }
    let at = place(matrix, e);
    let d = gradient[at];
    let m = mean(momentum[at], d * share, step.muon_momentum, step.muon_rest);
    let u = mean(m, d * share, step.muon_momentum, step.muon_rest);
    sum += u * u;
    if (d != 0.0) { any = 1.0; }
  }
  partial[i] = vec2(sum, any);
}
#end
#if SUMS
var<workgroup> shares: array<vec2<f32>, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let matrix = workgroup.y * GRID_Xu + workgroup.x;
  if (matrix >= COUNTu) { return; }
  var sum = 0.0;
  var any = 0.0;
  for (var i = index; i < RUNSu; i += 64u) {
    let share = partial[matrix * RUNSu + i];
    sum += share.x;
    any = max(any, share.y);
  }
  shares[index] = vec2(sum, any);
  workgroupBarrier();
  if (index == 0u) {
    var total = vec2<f32>();
    for (var i = 0u; i < 64u; i++) {
      total = vec2(total.x + shares[i].x, max(total.y, shares[i].y));
    }
    sums[2u * matrix] = total.x;
    sums[2u * matrix + 1u] = total.y;
  }
}
#end
#if BEGIN
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= COUNTu * HEIGHTu * WIDTHu) { return; }
#include update_guard
  let matrix = i / (HEIGHTu * WIDTHu);
  let row = (i / WIDTHu) % HEIGHTu;
  let column = i % WIDTHu;
  x[i] = 0.0;
#if TURNED
  if (row >= COLSu || column >= ROWSu) { return; }
  let at = place(matrix, column * COLSu + row);
#else
  if (row >= ROWSu || column >= COLSu) { return; }
  let at = place(matrix, row * COLSu + column);
#end
  if (sums[2u * matrix + 1u] == 0.0) { return; }
  let d = gradient[at] * share;
  let m = mean(momentum[at], d, step.muon_momentum, step.muon_rest);
  momentum[at] = m;
  x[i] = mean(m, d, step.muon_momentum, step.muon_rest) / (sqrt(sums[2u * matrix]) + 1e-7);
}
#end
#if END
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= COUNTu * SIZEu) { return; }
#include update_guard
  let matrix = i / SIZEu;
  let e = i % SIZEu;
  if (sums[2u * matrix + 1u] == 0.0) { return; }
  let row = e / COLSu;
  let column = e % COLSu;
#if TURNED
  let origin = (matrix * HEIGHTu + column) * WIDTHu + row;
#else
  let origin = (matrix * HEIGHTu + row) * WIDTHu + column;
#end
  let at = place(matrix, e);
  let kept = parameter[at] * (1.0 - step.muon_lr * step.muon_weight_decay);
  parameter[at] = kept - step.muon_lr * RATIO * x[origin];
}
#end
