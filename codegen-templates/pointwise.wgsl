// Ops that make each number of the output from numbers at the same place; each op brings the body of `main`.

#if USES_SIGMOID
fn sigmoid(s: NUMBER) -> NUMBER { return 1.0 / (1.0 + exp(-s)); }
#end
#if USES_SOFTPLUS
#include softplus
#include softplus_slope
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= SIZEu) { return; }
  let row = i / COLSu;
  let column = i % COLSu;
  BODY
}
