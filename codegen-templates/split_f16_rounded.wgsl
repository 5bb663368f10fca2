/// Rounds to the 11 significant bits of f16. Some drivers optimize away a conversion to f16 and back.
fn rounded(value: vec4<f32>) -> vec4<f32> {
  return bitcast<vec4<f32>>((bitcast<vec4<u32>>(value) + vec4(0x1000u)) & vec4(0xffffe000u));
}
