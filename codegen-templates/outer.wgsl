// 8 × 8 numbers += a column of eight times a row of eight, a part that other templates include. Of row i, sums[2i] has
// the first four columns and sums[2i + 1] the others; written out, so that all of it stays in registers.
fn outer(
  sums: ptr<function, array<vec4<f32>, 16>>,
  above: vec4<f32>, below: vec4<f32>,
  left: vec4<f32>, right: vec4<f32>,
) {
  (*sums)[0] += above.x * left;
  (*sums)[1] += above.x * right;
  (*sums)[2] += above.y * left;
  (*sums)[3] += above.y * right;
  (*sums)[4] += above.z * left;
  (*sums)[5] += above.z * right;
  (*sums)[6] += above.w * left;
  (*sums)[7] += above.w * right;
  (*sums)[8] += below.x * left;
  (*sums)[9] += below.x * right;
  (*sums)[10] += below.y * left;
  (*sums)[11] += below.y * right;
  (*sums)[12] += below.z * left;
  (*sums)[13] += below.z * right;
  (*sums)[14] += below.w * left;
  (*sums)[15] += below.w * right;
}
