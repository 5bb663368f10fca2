// The update of all parameters: global-norm clipping as PyTorch's clip_grad_norm_, then AdamW as PyTorch's.
//   SQUARES: partial[FIRST + i] = Σ gradient² over the i-th run of RUN numbers of an arena
//   NORM:    norm[0] = √(Σ partial), added up in order by one workgroup; norm[1] becomes 1 where that is not finite,
//            and stays so until the host says otherwise
//   ADAMW:   one number an invocation; nothing changes while norm[1] is not 0, so that steps which the host sent
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
#if NORM
var<workgroup> shares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32) {
  var sum = 0.0;
  for (var i = index; i < COUNTu; i += 64u) { sum += partial[i]; }
  shares[index] = sum;
  workgroupBarrier();
  if (index == 0u) {
    var total = 0.0;
    for (var i = 0u; i < 64u; i++) { total += shares[i]; }
    norm[0] = sqrt(total);
    // An exponent of all ones: an infinity or no number. Comparing a number with itself does not tell everywhere.
    if ((bitcast<u32>(total) & 0x7f800000u) == 0x7f800000u) { norm[1] = 1.0; }
  }
}
#end
#if ADAMW
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= SIZEu) { return; }
  if (norm[1] != 0.0) { return; }
  let scale = min(1.0, step.clip / (norm[0] + 1e-6));
  let d = gradient[i] * scale;
  let m = step.beta1 * moment1[i] + (1.0 - step.beta1) * d;
  let v = step.beta2 * moment2[i] + (1.0 - step.beta2) * d * d;
  moment1[i] = m;
  moment2[i] = v;
  // One bit for each 64 numbers: parameters begin at multiples of 64.
  let block = FIRSTu / 64u + i / 64u;
  let decays = (decay[block / 32u] >> (block % 32u)) & 1u;
  let kept = parameter[i] * (1.0 - step.lr * step.weight_decay * f32(decays));
  parameter[i] = kept - step.lr * (m / step.correction1) / (sqrt(v / step.correction2) + step.eps);
}
#end
