// Stores a sum of a weight gradient. Included by the kernels of weight gradients.
fn store(group: u32, split: u32, n: u32, k: u32, sum: f32) {
  let at = (group * NSu + n) * KSu + k;
#if DIRECT
  var value = sum;
#if ADD
  value += dweight[at];
#else
  if (step.accumulate != 0u) { value += dweight[at]; }
#end
  dweight[at] = value;
#else
  partial[split * GROUPSu * NSu * KSu + at] = sum;
#end
}
