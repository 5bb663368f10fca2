// Adds up partial sums in their order: out[row, column] = Σ_s partial[OFFSET + s·STRIDE + row·PITCH + column].
// GRADIENT: added to what earlier micro-batches left.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= SIZEu) { return; }
  let place = OFFSETu + (i / COLSu) * PITCHu + i % COLSu;
  var sum = 0.0;
  for (var s = 0u; s < COUNTu; s++) { sum += partial[place + s * STRIDEu]; }
  let at = at_result(i / COLSu, i % COLSu);
#if GRADIENT
  if (step.accumulate != 0u) { sum += result[at]; }
#end
  result[at] = sum;
}
