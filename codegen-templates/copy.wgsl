// Copies the carries of the forward scan into scratch, where a device has too few bindings for one more.

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < SIZEu) { scratch[ATu + id.x] = carry[id.x]; }
}
