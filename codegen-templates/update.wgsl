// The update of all parameters: global-norm clipping as in PyTorch's clip_grad_norm_, then AdamW as in PyTorch.
//   SQUARES: partial[FIRST + i] = Σ gradient² over the i-th run of RUN numbers of an arena
//   SUMS:    partial[FIRST + i] = Σ of every RUNS-th of the first COUNT partials from the i-th on, where there are many
//   NORM:    norm[0] = √(Σ partial), added up in order by one workgroup; norm[1] becomes 1 where that is not finite,
//            and stays so until the host resets it
//            SCALED: gradients are scale[0] times too large. A norm that is not finite divides the scale by two instead, down
//            to 1; many good updates in a row double it. scale[1] counts those; scale[2] is the factor of this update's
//            gradients, 0 when the update is skipped.
//   ADAMW:   four numbers an invocation; nothing changes while norm[1] is not 0, so that steps which the host sent
//            after a bad one leave the weights as the bad one found them

#if SQUARES
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= RUNSu) { return; }
  var sum = 0.0;
  // Neighbours in a workgroup read neighbours in memory: run i takes every 64th number of its workgroup's stretch.
  let first = (i / 64u) * 64u * RUNu + i % 64u;
  for (var j = 0u; j < RUNu; j++) {
    let at = first + j * 64u;
    if (at < SIZEu) { sum += gradient[at] * gradient[at]; }
  }
  partial[FIRSTu + i] = sum;
}
#end
#if SUMS
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= RUNSu) { return; }
  var sum = 0.0;
  for (var j = i; j < COUNTu; j += RUNSu) { sum += partial[j]; }
  partial[FIRSTu + i] = sum;
}
#end
#if NORM
var<workgroup> shares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32) {
  var sum = 0.0;
  for (var i = index; i < COUNTu; i += 64u) { sum += partial[FIRSTu + i]; }
  shares[index] = sum;
  workgroupBarrier();
  if (index == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) { total += shares[i]; }
    // An exponent of all ones: an infinity or NaN. Some drivers optimize away a comparison of a number with itself.
    let bad = (bitcast<u32>(total) & 0x7f800000u) == 0x7f800000u;
#if SCALED
    norm[0] = sqrt(total) / scale[0];
    scale[1] = select(scale[1] + 1.0, 0.0, bad);
    scale[2] = select(1.0 / scale[0], 0.0, bad);
    // A norm that is not finite at scale 1 cannot be fixed by a smaller scale.
    if (bad && scale[0] <= 1.0) { norm[1] = 1.0; }
    if (bad) { scale[0] = max(1.0, 0.5 * scale[0]); }
    if (scale[1] >= GROWS_AFTER) {
      scale[0] = min(MOST, 2.0 * scale[0]);
      scale[1] = 0.0;
    }
#else
    norm[0] = sqrt(total);
    if (bad) { norm[1] = 1.0; }
#end
  }
}
#end
#if ADAMW
// beta·old + rest·new with rest = 1 - beta. A beta near 1 is rounded coarsely for what it leaves, so `rest` alone counts
// there; a small one would lose a new number that is much smaller than the old.
fn mean(old: vec4<f32>, new_value: vec4<f32>, beta: f32, rest: f32) -> vec4<f32> {
  return select(beta * old + rest * new_value, old + rest * (new_value - old), beta >= 0.5);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= VEC4Su) { return; }
#include update_guard
  let d = gradient[i] * share;
  let m = mean(moment1[i], d, step.beta1, step.rest1);
  let v = mean(moment2[i], d * d, step.beta2, step.rest2);
  moment1[i] = m;
  moment2[i] = v;
  // One bit for each 64 numbers: parameters begin at multiples of 64.
  let block = FIRSTu / 64u + i / 16u;
  let decays = (decay[block / 32u] >> (block % 32u)) & 1u;
  let kept = parameter[i] * (1.0 - step.lr * step.weight_decay * f32(decays));
  parameter[i] = kept - step.lr * (m / step.correction1) / (sqrt(v / step.correction2) + step.eps);
}
#end
