// Adds up partial sums in their order: out[row, column] = Σ_s partial[OFFSET + s·STRIDE + row·PITCH + column].
// GRADIENT: adds to the sum of earlier micro-batches. ADD: adds to the existing values. FACTORS: scales the sum first.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= SIZEu) { return; }
  let place = OFFSETu + (i / COLSu) * PITCHu + i % COLSu;
  var sum = NUMBER();
  // Eight loads are in flight at a time.
  var s = 0u;
  for (; s + 8u <= COUNTu; s += 8u) {
    let at = place + s * STRIDEu;
    let p0 = partial[at];
    let p1 = partial[at + STRIDEu];
    #repeat I 6: let p#{I + 2} = partial[at + #{I + 2}u * STRIDEu];
    sum = sum + p0 + p1 + p2 + p3 + p4 + p5 + p6 + p7;
  }
  for (; s < COUNTu; s++) { sum += partial[place + s * STRIDEu]; }
  let at = at_result(i / COLSu, i % COLSu);
#if FACTORS
  sum = sum * x_factor[0] * dy_factor[0];
#end
#if ADD
  sum += result[at];
#end
#if GRADIENT
  if (step.accumulate != 0u) { sum += result[at]; }
#end
  result[at] = sum;
}
