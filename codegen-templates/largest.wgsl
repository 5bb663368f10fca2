// The largest magnitude of a matrix, as a maximum for each workgroup.

#if SLOTS
#include rows
#end
#include split_f16_read

var<workgroup> shares: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  var most = vec4<f32>();
  for (var i = workgroup.x * WORKGROUPu + index; i < VEC4Su; i += MAXIMAu * WORKGROUPu) {
    most = max(most, abs(four_at(i / ROW_VEC4Su, i % ROW_VEC4Su)));
  }
  shares[index] = max(max(most.x, most.y), max(most.z, most.w));
  for (var half = WORKGROUPu / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { shares[index] = max(shares[index], shares[index + half]); }
  }
  if (index == 0u) { maxima[workgroup.x] = shares[0]; }
}
