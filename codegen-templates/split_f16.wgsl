// Splits each number of an f32 matrix into two f16: x·2^k ≈ high + low. `high` is x·2^k rounded, `low` is the rounded remainder,
// or NaN where x is NaN. In a row, 16 high are followed by their 16 low; a last half that has no numbers gets zeros. 2^k scales
// the largest magnitude (the maximum of `maxima`) to just below 2^14; `factor` is 2^-k.

#if SLOTS
#include rows
#end
#include split_f16_read
#include split_f16_rounded

var<workgroup> shares: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  var most = 0.0;
  for (var i = index; i < MAXIMAu; i += WORKGROUPu) { most = max(most, maxima[i]); }
  shares[index] = most;
  for (var half = WORKGROUPu / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) { shares[index] = max(shares[index], shares[index + half]); }
  }
  workgroupBarrier();
  // The biased exponent of 2^k: 127 + 13 minus the unbiased exponent of the largest magnitude.
  let exponent = clamp(267 - i32(bitcast<u32>(shares[0]) >> 23u), 1, 253);
  let grow = bitcast<f32>(u32(exponent) << 23u);
  let first = (workgroup.y * GRID_Xu + workgroup.x) * WORKGROUPu * EIGHTS_EACHu;
  if (first == 0u && index == 0u) { factor[0] = bitcast<f32>(u32(254 - exponent) << 23u); }
  for (var j = 0u; j < EIGHTS_EACHu; j++) {
    let i = first + j * WORKGROUPu + index;
    if (i >= EIGHTSu) { return; }
    let row = i / ROW_EIGHTSu;
    let eight = i % ROW_EIGHTSu;
    var left = vec4<f32>();
    var right = vec4<f32>();
    // The last of a row's eights may be padding.
    if (2u * eight < ROW_VEC4Su) {
      left = four_at(row, 2u * eight) * grow;
      right = four_at(row, 2u * eight + 1u) * grow;
    }
    let left_rounded = rounded(left);
    let right_rounded = rounded(right);
    let left_high = vec4<f16>(left_rounded);
    let right_high = vec4<f16>(right_rounded);
    let left_low = vec4<f16>(left - left_rounded);
    let right_low = vec4<f16>(right - right_rounded);
    let at = 2u * (i - eight % 2u) + eight % 2u;
    halves[at] = vec4(bitcast<vec2<u32>>(left_high), bitcast<vec2<u32>>(right_high));
    halves[at + 2u] = vec4(bitcast<vec2<u32>>(left_low), bitcast<vec2<u32>>(right_low));
  }
}
