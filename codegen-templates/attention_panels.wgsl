// Shared by the attention kernels on matrix units: two panels of `COLUMNS` rows × `WIDTH` columns of a head in workgroup
// memory, of which the second starts at SECOND_AT. Rows are padded by eight f16 against bank conflicts. Each of the four
// subgroups has an area of its own for the numbers that leave its matrices. Two lanes own a row there: lane l has row
// l / 2, and every second `vec4` of it from l % 2 on.
var<workgroup> panels: array<vec4<f16>, PANELS>;
var<workgroup> span: array<vec2<i32>, 128>;
const LEAST = -3.4e38;

fn store_eight(at: u32, eight: vec4<u32>) {
  panels[at] = bitcast<vec4<f16>>(eight.xy);
  panels[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

/// The first and the last key of all 128 invocations.
fn reach(index: u32, mine: vec2<i32>) -> vec2<i32> {
  span[index] = mine;
  for (var half = 64u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (index < half) {
      let other = span[index + half];
      span[index] = vec2(min(span[index].x, other.x), max(span[index].y, other.y));
    }
  }
  return workgroupUniformLoad(&span[0]);
}
