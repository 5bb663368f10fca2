// 8 × 8 numbers += a column of eight times a row of eight. Included by other templates. Of row i, sums[2i] has the
// first four columns and sums[2i + 1] the others. Unrolled, so that the sums stay in registers.
fn outer(
  sums: ptr<function, array<vec4<f32>, 16>>,
  above: vec4<f32>, below: vec4<f32>,
  left: vec4<f32>, right: vec4<f32>,
) {
#repeat I 4
  (*sums)[#{2 * I}] += above.#{xyzw[I]} * left;
  (*sums)[#{2 * I + 1}] += above.#{xyzw[I]} * right;
#end
#repeat I 4
  (*sums)[#{2 * I + 8}] += below.#{xyzw[I]} * left;
  (*sums)[#{2 * I + 9}] += below.#{xyzw[I]} * right;
#end
}
