// Stores a sum of a weight gradient, or four adjacent ones: a NUMBER. Included by the kernels of weight gradients.
fn store(group: u32, split: u32, n: u32, k: u32, sum: NUMBER) {
  let at = (group * NSu + n) * K_NUMBERSu + k;
#if DIRECT
  var value = sum;
#if ADD
  value += dweight[at];
#else
  if (step.accumulate != 0u) { value += dweight[at]; }
#end
  dweight[at] = value;
#else
  partial[split * GROUPSu * NSu * K_NUMBERSu + at] = sum;
#end
}
