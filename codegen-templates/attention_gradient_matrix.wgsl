// The products of attention_gradient.wgsl on matrix units: f16 operands, f32 sums. A workgroup has 64 queries (BY_QUERY) or
// 64 keys of a head, a subgroup 16 of them as rows. They meet COLUMNS keys or queries at a time, which are in two panels:
// keys and values, or queries and dy.

#if SPLIT
#include split_f16_rounded
#end
#include attention_panels

// Scores and slopes of a subgroup's rows × COLUMNS, and what they give: ds, and where rows are keys also p.
var<workgroup> scores: array<vec4<f32>, AREAS>;
var<workgroup> slopes: array<vec4<f32>, AREAS>;
var<workgroup> changes: array<vec4<f16>, SHARES>;
#if BY_QUERY
#else
var<workgroup> shares: array<vec4<f16>, SHARES>;
// The panel's queries, four in each vector: their first keys, last keys, lse, and Σ dy·y.
var<workgroup> noted: array<vec4<f32>, COLUMNS>;
#end

/// Eight columns of a query (0) or of its dy (1), or zeros beyond the end.
fn load_query(which: u32, part: u32, sequence: u32, head: u32, query: u32, eight: u32) -> vec4<u32> {
  if (query >= QUERIESu || 8u * eight >= HEADu) { return vec4<u32>(); }
  let row = sequence * QUERIESu + query;
  let column = place(head * HEAD_EIGHTSu + eight, part);
  if (which == 0u) { return q[at_q(row, column)]; }
  return dy[at_dy(row, column)];
}

/// A number about a query: its first key, its last key, lse, or Σ dy·y. No key where there is no query.
fn about(sequence: u32, head: u32, query: u32, which: u32) -> f32 {
  if (query >= QUERIESu) { return select(0.0, -1.0, which == 1u); }
  let row = sequence * QUERIESu + query;
  if (which < 2u) { return f32(keys[2u * row + which]); }
  return notes[2u * (row * HEADSu + head) + which - 2u];
}

#if BY_QUERY
#else
/// The first and last key that the queries of a panel see. Each head that shares the keys has END / SHARE panels.
fn reach_of(sequence: u32, tile: u32) -> vec2<f32> {
  let at = NOTES_ATu + 2u * (sequence * TILESu + tile % QUERY_TILESu * COLUMNSu / 64u);
  return vec2(notes[at], notes[at + 1u]);
}

fn sees(reach: vec2<f32>, first_key: u32) -> bool { return reach.x <= f32(first_key + 63u) && reach.y >= f32(first_key); }

/// The first panel from `tile` on that sees one of 64 keys.
fn next_tile(sequence: u32, first_key: u32, tile: u32) -> u32 {
  for (var next = tile; next < ENDu; next++) {
    if (sees(reach_of(sequence, next), first_key)) { return next; }
  }
  return ENDu;
}

/// What an invocation notes of a panel's queries: one of four numbers about four of them.
fn note_of(sequence: u32, head: u32, first_query: u32, index: u32) -> vec4<f32> {
  if (index >= COLUMNSu) { return vec4<f32>(); }
  let which = index / FOURSu;
  let query = first_query + 4u * (index % FOURSu);
  return vec4(
    about(sequence, head, query, which), about(sequence, head, query + 1u, which),
    about(sequence, head, query + 2u, which), about(sequence, head, query + 3u, which),
  );
}
#end

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let sequence = workgroup.z;
  let first_row = workgroup.x * 64u;
  let lane = index % 32u;
  let subgroup = index / 32u;
  let area_at = subgroup * 16u * AREA_FOURSu;
  let mine_at = area_at + lane / 2u * AREA_FOURSu + lane % 2u;
  let row = first_row + subgroup * 16u + lane / 2u;
#if SPLIT
  // The slopes of scores are split like other operands: `grow` keeps them below the largest f16.
  let score_scale = q_factor[0] * k_factor[0] * SCALE;
  let slope_scale = dy_factor[0] * v_factor[0];
  let grow = min(CHANGE / dy_factor[0] / v_factor[0], 1e30);
#if BY_QUERY
  let x_scale = SCALE / grow * k_factor[0];
#else
  let x_scale = SCALE / grow * q_factor[0];
  let z_scale = dy_factor[0];
#end
#else
  let score_scale = SCALE;
  let slope_scale = 1.0;
  let grow = SCALE;
  let x_scale = 1.0;
  let z_scale = 1.0;
#end
#repeat A 2
#repeat P PARTS
  // Rows pass through both panels.
  for (var i = index; i < 64u * EIGHTSu; i += 128u) {
#if BY_QUERY
    let eight = load_query(#{A}u, #{P}u, sequence, workgroup.y, first_row + i / EIGHTSu, i % EIGHTSu);
#else
    let eight = load_key(#{A}u, #{P}u, sequence, workgroup.y, first_row + i / EIGHTSu, i % EIGHTSu);
#end
    store_eight(i / EIGHTSu * PITCH_FOURSu + i % EIGHTSu * 2u, eight);
  }
  workgroupBarrier();
  #repeat D DEEP: let rows#{A}_#{D}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&panels, subgroup * 16u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
  workgroupBarrier();
#end
#end
  #repeat D DEEP: var x#{D} = subgroup_matrix_result<f32, 16, 16>();
  #repeat L LOADS: let i#{L} = index + #{128 * L}u;
#if BY_QUERY
  let head = workgroup.y;
  let kv_head = head / SHAREu;
  let first = i32(about(sequence, head, row, 0u));
  let last = min(i32(about(sequence, head, row, 1u)), KEYS - 1);
  let lse = about(sequence, head, row, 2u);
  let sum = about(sequence, head, row, 3u);
  let reach_at = NOTES_ATu + 2u * (sequence * TILESu + workgroup.x);
  let end = min(i32(notes[reach_at + 1u]), KEYS - 1);
  var tile = i32(notes[reach_at]);
#repeat P PARTS
  #repeat L LOADS: var a#{L}#{hl[P]} = load_key(0u, #{P}u, sequence, kv_head, u32(tile) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
  #repeat L LOADS: var b#{L}#{hl[P]} = load_key(1u, #{P}u, sequence, kv_head, u32(tile) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
#end
  while (tile <= end) {
#else
  #repeat D DEEP: var z#{D} = subgroup_matrix_result<f32, 16, 16>();
  var tile = next_tile(sequence, first_row, 0u);
  var head = workgroup.y * SHAREu + tile / QUERY_TILESu;
  var first_query = tile % QUERY_TILESu * COLUMNSu;
#repeat P PARTS
  #repeat L LOADS: var a#{L}#{hl[P]} = load_query(0u, #{P}u, sequence, head, first_query + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
  #repeat L LOADS: var b#{L}#{hl[P]} = load_query(1u, #{P}u, sequence, head, first_query + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
#end
  var note = note_of(sequence, head, first_query, index);
  var ahead = reach_of(sequence, tile + 1u);
  while (tile < ENDu) {
#end
    workgroupBarrier();
#repeat P PARTS
    #repeat L LOADS: store_both(#{P}u, i#{L}, a#{L}#{hl[P]}, b#{L}#{hl[P]});
#end
#if BY_QUERY
    workgroupBarrier();
    let next = tile + COLUMNS;
#repeat P PARTS
    #repeat L LOADS: a#{L}#{hl[P]} = load_key(0u, #{P}u, sequence, kv_head, u32(next) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
    #repeat L LOADS: b#{L}#{hl[P]} = load_key(1u, #{P}u, sequence, kv_head, u32(next) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
#end
#else
    if (index < COLUMNSu) { noted[index] = note; }
    workgroupBarrier();
    // What the next panel needs loads while this one is multiplied, and so does whether the one after it is needed.
    var next = tile + 1u;
    if (next < ENDu && !sees(ahead, first_row)) { next = next_tile(sequence, first_row, next + 1u); }
    ahead = reach_of(sequence, next + 1u);
    head = workgroup.y * SHAREu + min(next, ENDu - 1u) / QUERY_TILESu;
    first_query = next % QUERY_TILESu * COLUMNSu;
    note = note_of(sequence, head, first_query, index);
#repeat P PARTS
    #repeat L LOADS: a#{L}#{hl[P]} = load_query(0u, #{P}u, sequence, head, first_query + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
    #repeat L LOADS: b#{L}#{hl[P]} = load_query(1u, #{P}u, sequence, head, first_query + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
#end
#end
#repeat J SPAN
    {
      var s = subgroup_matrix_result<f32, 16, 16>();
#repeat D DEEP
      #repeat P PARTS: let b#{D}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, col_major>(&panels, #{P}u * PART_ATu + #{16 * J}u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
      #repeat T TERMS: s = subgroupMatrixMultiplyAccumulate(rows0_#{D}#{lhh[T + FIRST_TERM]}, b#{D}#{hlh[T + FIRST_TERM]}, s);
#end
      subgroupMatrixStore<row_major>(&scores, area_at + #{4 * J}u, s, AREA_FOURSu);
    }
    {
      var s = subgroup_matrix_result<f32, 16, 16>();
#repeat D DEEP
      #repeat P PARTS: let b#{D}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, col_major>(&panels, SECOND_ATu + #{P}u * PART_ATu + #{16 * J}u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
      #repeat T TERMS: s = subgroupMatrixMultiplyAccumulate(rows1_#{D}#{lhh[T + FIRST_TERM]}, b#{D}#{hlh[T + FIRST_TERM]}, s);
#end
      subgroupMatrixStore<row_major>(&slopes, area_at + #{4 * J}u, s, AREA_FOURSu);
    }
#end
    workgroupBarrier();
#repeat F PAIRS
    {
#if BY_QUERY
      let key = vec4(tile + #{8 * F} + 4 * i32(lane % 2u)) + vec4(0, 1, 2, 3);
      let seen = (key >= vec4(first)) & (key <= vec4(last));
      let share = select(vec4<f32>(), exp(scores[mine_at + #{2 * F}u] * score_scale - lse), seen);
      let change = share * (slopes[mine_at + #{2 * F}u] * slope_scale - sum) * grow;
#else
      let four = #{2 * F}u + lane % 2u;
      let seen = (vec4(f32(row)) >= noted[four]) & (vec4(f32(row)) <= noted[FOURSu + four]);
      let share = select(vec4<f32>(), exp(scores[mine_at + #{2 * F}u] * score_scale - noted[2u * FOURSu + four]), seen);
      let change = share * (slopes[mine_at + #{2 * F}u] * slope_scale - noted[3u * FOURSu + four]) * grow;
#if SPLIT
      let share_high = rounded(share);
      shares[mine_at + #{2 * F}u] = vec4<f16>(share_high);
      shares[AREASu + mine_at + #{2 * F}u] = vec4<f16>(share - share_high);
#else
      shares[mine_at + #{2 * F}u] = vec4<f16>(share);
#end
#end
#if SPLIT
      let change_high = rounded(change);
      changes[mine_at + #{2 * F}u] = vec4<f16>(change_high);
      changes[AREASu + mine_at + #{2 * F}u] = vec4<f16>(change - change_high);
#else
      changes[mine_at + #{2 * F}u] = vec4<f16>(change);
#end
    }
#end
    workgroupBarrier();
#repeat J SPAN
    #repeat P PARTS: let change#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&changes, #{P}u * AREASu + area_at + #{4 * J}u, AREA_FOURSu);
#repeat D DEEP
    #repeat P PARTS: let a#{D}_#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, row_major>(&panels, #{P}u * PART_ATu + #{16 * J}u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
    #repeat T TERMS: x#{D} = subgroupMatrixMultiplyAccumulate(change#{J}#{lhh[T + FIRST_TERM]}, a#{D}_#{J}#{hlh[T + FIRST_TERM]}, x#{D});
#end
#if BY_QUERY
#else
    #repeat P PARTS: let share#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&shares, #{P}u * AREASu + area_at + #{4 * J}u, AREA_FOURSu);
#repeat D DEEP
    #repeat P PARTS: let b#{D}_#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, row_major>(&panels, SECOND_ATu + #{P}u * PART_ATu + #{16 * J}u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
    #repeat T TERMS: z#{D} = subgroupMatrixMultiplyAccumulate(share#{J}#{lhh[T + FIRST_TERM]}, b#{D}_#{J}#{hlh[T + FIRST_TERM]}, z#{D});
#end
#end
#end
    tile = next;
  }
#repeat D DEEP
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scores, area_at, x#{D}, AREA_FOURSu);
#if BY_QUERY
#else
  subgroupMatrixStore<row_major>(&slopes, area_at, z#{D}, AREA_FOURSu);
#end
  workgroupBarrier();
#repeat F 2
  if (row < ROW_ENDu && #{16 * D + 8 * F}u + 4u * (lane % 2u) < HEADu) {
    let column = workgroup.y * HEAD_FOURSu + #{4 * D + 2 * F}u + lane % 2u;
#if BY_QUERY
    dq[at_dq(sequence * QUERIESu + row, column)] = scores[mine_at + #{2 * F}u] * x_scale;
#else
    dk[at_dk(sequence * KEYSu + row, column)] = scores[mine_at + #{2 * F}u] * x_scale;
    dv[at_dv(sequence * KEYSu + row, column)] = slopes[mine_at + #{2 * F}u] * z_scale;
#end
  }
#end
#end
}
