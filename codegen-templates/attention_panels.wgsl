// Shared by the attention kernels on matrix units: two panels of COLUMNS rows of a head in workgroup memory, of which the
// second starts at SECOND_AT. Rows are padded by eight f16 against bank conflicts. Each of the four subgroups has an area of
// its own for what leaves its matrices: 16 rows, AREA_FOURS apart. Two lanes own a row there: lane l has row l / 2, and every
// second `vec4` of it from l % 2 on.
var<workgroup> panels: array<vec4<f16>, PANELS>;

/// Eight columns of a key (0) or of its value (1), or zeros beyond the end.
fn load_key(which: u32, sequence: u32, head: u32, key: u32, eight: u32) -> vec4<u32> {
  if (key >= KEYSu || 8u * eight >= HEADu) { return vec4<u32>(); }
  let row = sequence * KEYSu + key;
  if (which == 0u) { return k[at_k(row, head * HEAD_EIGHTSu + eight)]; }
  return v[at_v(row, head * HEAD_EIGHTSu + eight)];
}

fn store_eight(at: u32, eight: vec4<u32>) {
  panels[at] = bitcast<vec4<f16>>(eight.xy);
  panels[at + 1u] = bitcast<vec4<f16>>(eight.zw);
}

/// Stores the i-th eight of both panels, counted row by row.
fn store_both(i: u32, first: vec4<u32>, second: vec4<u32>) {
  if (i >= COLUMNSu * EIGHTSu) { return; }
  let at = i / EIGHTSu * PITCH_FOURSu + i % EIGHTSu * 2u;
  store_eight(at, first);
  store_eight(SECOND_ATu + at, second);
}
