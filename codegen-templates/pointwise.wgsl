// Ops that make each number of the output from numbers at the same place; each op brings the body of `main`.

#if USES_SIGMOID
fn sigmoid(s: NUMBER) -> NUMBER { return 1.0 / (1.0 + exp(-s)); }
#end
#if USES_SOFTPLUS
#include softplus
// 1 − exp(−y), the slope of softplus where its value is y; by its series where y is small.
fn softplus_slope(y: NUMBER) -> NUMBER {
  let series = y * (1.0 - y * (0.5 - y * (0.16666667 - y * (0.041666667 - y * 0.0083333333))));
  return select(1.0 - exp(-y), series, y < NUMBER(0.1));
}
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= SIZEu) { return; }
  let row = i / COLSu;
  let column = i % COLSu;
  BODY
}
