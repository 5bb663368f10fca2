// Shared by the attention kernels on matrix units: two panels of COLUMNS rows of a head in workgroup memory, of which the
// second starts at SECOND_AT. Rows are padded by eight f16 against bank conflicts. Each of the four subgroups has an area of
// its own for what leaves its matrices: 16 rows, AREA_FOURS apart. Two lanes own a row there: lane l has row l / 2, and every
// second `vec4` of it from l % 2 on.
// SPLIT: operands are f32 matrices split by split_f16.wgsl. A panel has two parts, high (h) and then low (l), PART_AT apart,
// and so has what the kernel splits itself. Of the TERMS of a product, the last is high by high.
var<workgroup> panels: array<vec4<f16>, PANELS>;

/// Where eight columns are in a row. Of split operands, 16 high are followed by their 16 low.
fn place(column: u32, part: u32) -> u32 {
#if SPLIT
  return 2u * (column - column % 2u) + column % 2u + 2u * part;
#else
  return column;
#end
}

/// Eight columns of a key (0) or of its value (1), or zeros beyond the end.
fn load_key(which: u32, part: u32, sequence: u32, head: u32, key: u32, eight: u32) -> vec4<u32> {
  if (key >= KEYSu || 8u * eight >= HEADu) { return vec4<u32>(); }
  let row = sequence * KEYSu + key;
  let column = place(head * HEAD_EIGHTSu + eight, part);
  if (which == 0u) { return k[at_k(row, column)]; }
  return v[at_v(row, column)];
}

fn store_eight(at: u32, eight: vec4<u32>) {
  panels[at] = bitcast<vec4<f16>>(eight.xy);
  panels[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

/// Stores the i-th eight of a part of both panels, counted row by row.
fn store_both(part: u32, i: u32, first: vec4<u32>, second: vec4<u32>) {
  if (i >= COLUMNSu * EIGHTSu) { return; }
  let at = part * PART_ATu + i / EIGHTSu * PITCH_FOURSu + i % EIGHTSu * 2u;
  store_eight(at, first);
  store_eight(SECOND_ATu + at, second);
}
