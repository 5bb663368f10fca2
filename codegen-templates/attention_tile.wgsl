// Shared by the tiled attention kernels: tiles of 64 × `COLUMNS`. Invocation (x, y) of 16 × 16 owns rows 4y … 4y + 3, one
// in each component of a vector, and columns x, x + 16, …
// `left_at` and `right_at` return the operands of a product; `which` selects the product.
var<workgroup> tile: array<vec4<f32>, TILE_VEC4S>;
var<workgroup> left: array<vec4<f32>, 272>;
var<workgroup> right: array<f32, RIGHT_SIZE>;

/// Σ_d left[row, d]·right[column, d], 16 deep in workgroup memory.
fn product(which: u32, first_row: u32, first_column: u32, x: u32, y: u32) -> array<vec4<f32>, SPAN> {
  var sums: array<vec4<f32>, SPAN>;
  for (var depth = 0u; depth < HEADu; depth += 16u) {
    let d = depth + x;
    let row = first_row + 4u * y;
    var rows = vec4<f32>();
    if (d < HEADu) {
      rows = vec4(
        left_at(which, row, d), left_at(which, row + 1u, d), left_at(which, row + 2u, d), left_at(which, row + 3u, d),
      );
    }
    left[x * 17u + y] = rows;
    for (var i = 0u; i < SPANu; i++) {
      let column = y + 16u * i;
      var value = 0.0;
      if (d < HEADu) { value = right_at(which, first_column + column, d); }
      right[x * PITCHu + column] = value;
    }
    workgroupBarrier();
    for (var deep = 0u; deep < 16u; deep++) {
      let fours = left[deep * 17u + y];
      for (var i = 0u; i < SPANu; i++) { sums[i] += fours * right[deep * PITCHu + x + 16u * i]; }
    }
    workgroupBarrier();
  }
  return sums;
}

/// sums[row, d] += Σ_column tile[row, column]·right[column, d]; d is x, x + 16, … up to the size of a head.
fn accumulate(which: u32, first_column: u32, x: u32, y: u32, sums: ptr<function, array<vec4<f32>, DEEP>>) {
  for (var begin = 0u; begin < COLUMNSu; begin += PANELu) {
    for (var i = y * 16u + x; i < PANELu * WIDTHu; i += 256u) {
      let d = i % WIDTHu;
      var value = 0.0;
      if (d < HEADu) { value = right_at(which, first_column + begin + i / WIDTHu, d); }
      right[i] = value;
    }
    workgroupBarrier();
    for (var column = 0u; column < min(PANELu, COLUMNSu - begin); column++) {
      let fours = tile[(begin + column) * 17u + y];
      for (var i = 0u; i < DEEPu; i++) { (*sums)[i] += fours * right[column * WIDTHu + x + 16u * i]; }
    }
    workgroupBarrier();
  }
}
