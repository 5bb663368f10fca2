// Copies a tensor into scratch, where a device has too few bindings for one more.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i < SIZEu) { scratch[ATu + i] = source[i]; }
}
