// Reads the matrix that split_f16.wgsl splits, four numbers at a time. Included by largest.wgsl and split_f16.wgsl;
// with SLOTS, `rows` must come first.
#if SLOTS
// Empty slots read as 0.
fn four_at(row: u32, four: u32) -> vec4<f32> {
  let slot = FIRST_TILEu * 64u + row;
  if (table[slot / 64u] == NO_ROW || row_of(slot) == NO_ROW) { return vec4<f32>(); }
  return x[at_x(row, four)];
}
#else
fn four_at(row: u32, four: u32) -> vec4<f32> {
#if NORM
  let scales = scale[select(0u, group(row), SCALE_GROUPSu > 1u) * ROW_VEC4Su + four];
  return x[at_x(row, four)] * rstd[row] * scales;
#else
  return x[at_x(row, four)];
#end
}
#end
