// Gradients of attention, without any L × L matrix: the weights are computed again from lse.
//   p = exp(q·k·scale − lse),  ds = p·(dy·v − Σ dy·y)·scale,  dq = Σ_key ds·k,  dk = Σ_query ds·q,  dv = Σ_query p·dy
// `notes` holds for each row and head (lse, Σ dy·y), and from NOTES_AT on for each 64 queries of a sequence the first
// and the last key that any of them sees.

#if SUMS
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= ROWSu * HEADSu) { return; }
  var sum = 0.0;
  for (var d = 0u; d < HEADu; d++) {
    let column = i % HEADSu * HEADu + d;
    sum += dy[at_dy(i / HEADSu, column)] * y[at_y(i / HEADSu, column)];
  }
  notes[2u * i] = lse[i];
  notes[2u * i + 1u] = sum;
}
#end
#if SHARED_SUMS
// The same with a four of a head an invocation, and several heads a workgroup.
var<workgroup> parts: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let first = (workgroup.y * GRID_Xu + workgroup.x) * HEADS_EACHu;
  let mine = first + index / HEAD_FOURSu;
  if (index < HEADS_EACHu * HEAD_FOURSu && mine < ROWSu * HEADSu) {
    let column = mine % HEADSu * HEAD_FOURSu + index % HEAD_FOURSu;
    parts[index] = dot(dy[at_dy(mine / HEADSu, column)], y[at_y(mine / HEADSu, column)]);
  }
  workgroupBarrier();
  let i = first + index;
  if (index >= HEADS_EACHu || i >= ROWSu * HEADSu) { return; }
  var sum = 0.0;
  for (var d = 0u; d < HEAD_FOURSu; d++) { sum += parts[index * HEAD_FOURSu + d]; }
  notes[2u * i] = lse[i];
  notes[2u * i + 1u] = sum;
}
#end
#if REACH
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = workgroup.x * 64u + index;
  if (i >= BATCHu * TILESu) { return; }
  var first = KEYS;
  var last = -1;
  let begin = i % TILESu * 64u;
  for (var query = begin; query < min(begin + 64u, QUERIESu); query++) {
    let at = 2u * (i / TILESu * QUERIESu + query);
    first = min(first, keys[at]);
    last = max(last, keys[at + 1u]);
  }
  notes[NOTES_ATu + 2u * i] = f32(first);
  notes[NOTES_ATu + 2u * i + 1u] = f32(last);
}
#end

#if TILED
var<private> head: u32;
var<private> sequence: u32;

fn query_at(which: u32, query: u32, d: u32) -> f32 {
  if (query >= QUERIESu) { return 0.0; }
  let row = sequence * QUERIESu + query;
  if (which == 0u) { return q[at_q(row, head * HEADu + d)]; }
  return dy[at_dy(row, head * HEADu + d)];
}

fn key_at(which: u32, key: u32, d: u32) -> f32 {
  if (key >= KEYSu) { return 0.0; }
  let row = sequence * KEYSu + key;
  let column = head / SHAREu * HEADu + d;
  if (which == 0u) { return k[at_k(row, column)]; }
  return v[at_v(row, column)];
}

#if BY_QUERY
fn left_at(which: u32, row: u32, d: u32) -> f32 { return query_at(which, row, d); }
fn right_at(which: u32, column: u32, d: u32) -> f32 { return key_at(which, column, d); }
#else
fn left_at(which: u32, row: u32, d: u32) -> f32 { return key_at(which, row, d); }
fn right_at(which: u32, column: u32, d: u32) -> f32 { return query_at(which, column, d); }
#end

#include attention_tile

/// First and last key, lse and Σ dy·y of a query; no key where there is no query.
fn about(query: u32) -> vec4<f32> {
  if (query >= QUERIESu) { return vec4(0.0, -1.0, 0.0, 0.0); }
  let row = sequence * QUERIESu + query;
  let at = 2u * (row * HEADSu + head);
  return vec4(f32(keys[2u * row]), f32(keys[2u * row + 1u]), notes[at], notes[at + 1u]);
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  sequence = workgroup.z;
  let x = local.x;
  let y = local.y;
  let first_row = workgroup.x * 64u;
  let mine = first_row + 4u * y;
#if BY_QUERY
  head = workgroup.y;
  let noted = NOTES_ATu + 2u * (workgroup.z * TILESu + workgroup.x);
  let end = i32(notes[noted + 1u]);
  let queries = transpose(mat4x4(about(mine), about(mine + 1u), about(mine + 2u), about(mine + 3u)));
  var sums: array<vec4<f32>, DEEP>;
  for (var first_key = i32(notes[noted]); first_key <= end; first_key += COLUMNS) {
    let scores = product(0u, first_row, u32(first_key), x, y);
    let slopes = product(1u, first_row, u32(first_key), x, y);
    for (var i = 0u; i < SPANu; i++) {
      let key = vec4(f32(first_key + i32(x + 16u * i)));
      let seen = (key >= queries[0]) & (key <= queries[1]);
      let share = select(vec4<f32>(), exp(scores[i] * SCALE - queries[2]), seen);
      tile[(x + 16u * i) * 17u + y] = share * (slopes[i] - queries[3]) * SCALE;
    }
    accumulate(0u, u32(first_key), x, y, &sums);
  }
  for (var r = 0u; r < 4u; r++) {
    if (mine + r >= QUERIESu) { continue; }
    for (var i = 0u; i < DEEPu; i++) {
      let d = x + 16u * i;
      if (d < HEADu) { dq[at_dq(workgroup.z * QUERIESu + mine + r, workgroup.y * HEADu + d)] = sums[i][r]; }
    }
  }
#else
  let key = vec4(f32(mine)) + vec4(0.0, 1.0, 2.0, 3.0);
  var key_sums: array<vec4<f32>, DEEP>;
  var value_sums: array<vec4<f32>, DEEP>;
  for (var share_of = 0u; share_of < SHAREu; share_of++) {
    head = workgroup.y * SHAREu + share_of;
    for (var first_query = 0u; first_query < QUERIESu; first_query += COLUMNSu) {
      let noted = NOTES_ATu + 2u * (workgroup.z * TILESu + first_query / 64u);
      if (notes[noted] > f32(first_row + 63u) || notes[noted + 1u] < f32(first_row)) { continue; }
      let scores = product(0u, first_row, first_query, x, y);
      var slopes = product(1u, first_row, first_query, x, y);
      for (var i = 0u; i < SPANu; i++) {
        let query = about(first_query + x + 16u * i);
        let seen = (key >= vec4(query[0])) & (key <= vec4(query[1]));
        let share = select(vec4<f32>(), exp(scores[i] * SCALE - query[2]), seen);
        tile[(x + 16u * i) * 17u + y] = share;
        slopes[i] = share * (slopes[i] - query[3]) * SCALE;
      }
      accumulate(1u, first_query, x, y, &value_sums);
      for (var i = 0u; i < SPANu; i++) { tile[(x + 16u * i) * 17u + y] = slopes[i]; }
      accumulate(0u, first_query, x, y, &key_sums);
    }
  }
  for (var r = 0u; r < 4u; r++) {
    if (mine + r >= KEYSu) { continue; }
    let row = workgroup.z * KEYSu + mine + r;
    for (var i = 0u; i < DEEPu; i++) {
      let d = x + 16u * i;
      if (d >= HEADu) { continue; }
      dk[at_dk(row, workgroup.y * HEADu + d)] = key_sums[i][r];
      dv[at_dv(row, workgroup.y * HEADu + d)] = value_sums[i][r];
    }
  }
#end
}
#end

#if SERIAL
#if BY_QUERY
// A query an invocation, four keys at a time, all in registers: for adapters that run on a CPU.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let query = workgroup.x * 64u + index;
  if (query >= QUERIESu) { return; }
  let head = workgroup.y;
  let kv_head = head / SHAREu;
  let row = workgroup.z * QUERIESu + query;
  let base = workgroup.z * KEYSu;
  var mine: array<vec4<f32>, VEC4S>;
  var slope: array<vec4<f32>, VEC4S>;
  var sums: array<vec4<f32>, VEC4S>;
  for (var c = 0u; c < VEC4Su; c++) {
    mine[c] = load_q(row, head, c);
    slope[c] = load_dy(row, head, c);
  }
  let at = 2u * (row * HEADSu + head);
  let last = min(keys[2u * row + 1u], KEYS - 1);
  for (var key = keys[2u * row]; key <= last; key += 4) {
    let fours = vec4(key, key + 1, key + 2, key + 3);
    let rows = base + vec4<u32>(min(fours, vec4(last)));
    var scores = vec4<f32>();
    var slopes = vec4<f32>();
    for (var c = 0u; c < VEC4Su; c++) {
      scores += mine[c] * mat4x4(
        load_k(rows.x, kv_head, c), load_k(rows.y, kv_head, c), load_k(rows.z, kv_head, c), load_k(rows.w, kv_head, c),
      );
      slopes += slope[c] * mat4x4(
        load_v(rows.x, kv_head, c), load_v(rows.y, kv_head, c), load_v(rows.z, kv_head, c), load_v(rows.w, kv_head, c),
      );
    }
    let shares = select(vec4<f32>(), exp(scores * SCALE - notes[at]), fours <= vec4(last));
    let ds = shares * (slopes - notes[at + 1u]) * SCALE;
    for (var c = 0u; c < VEC4Su; c++) {
      sums[c] += mat4x4(
        load_k(rows.x, kv_head, c), load_k(rows.y, kv_head, c), load_k(rows.z, kv_head, c), load_k(rows.w, kv_head, c),
      ) * ds;
    }
  }
  for (var c = 0u; c < VEC4Su; c++) { store_dq(row, head, c, sums[c]); }
}
#else
// A key an invocation, four queries at a time.
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let key = workgroup.x * 64u + index;
  if (key >= KEYSu) { return; }
  let row = workgroup.z * KEYSu + key;
  let base = workgroup.z * QUERIESu;
  var mine: array<vec4<f32>, VEC4S>;
  var value: array<vec4<f32>, VEC4S>;
  var key_sums: array<vec4<f32>, VEC4S>;
  var value_sums: array<vec4<f32>, VEC4S>;
  for (var c = 0u; c < VEC4Su; c++) {
    mine[c] = load_k(row, workgroup.y, c);
    value[c] = load_v(row, workgroup.y, c);
  }
  for (var head = workgroup.y * SHAREu; head < (workgroup.y + 1u) * SHAREu; head++) {
    for (var tile = 0u; tile < TILESu; tile++) {
      let noted = NOTES_ATu + 2u * (workgroup.z * TILESu + tile);
      if (notes[noted] > f32(key) || notes[noted + 1u] < f32(key)) { continue; }
      for (var query = tile * 64u; query < min(tile * 64u + 64u, QUERIESu); query += 4u) {
        let fours = vec4(query, query + 1u, query + 2u, query + 3u);
        let rows = base + min(fours, vec4(QUERIESu - 1u));
        let first = vec4(keys[2u * rows.x], keys[2u * rows.y], keys[2u * rows.z], keys[2u * rows.w]);
        let last = vec4(
          keys[2u * rows.x + 1u], keys[2u * rows.y + 1u], keys[2u * rows.z + 1u], keys[2u * rows.w + 1u],
        );
        let seen = (first <= vec4(i32(key))) & (vec4(i32(key)) <= last) & (fours < vec4(QUERIESu));
        if (!any(seen)) { continue; }
        var scores = vec4<f32>();
        var slopes = vec4<f32>();
        for (var c = 0u; c < VEC4Su; c++) {
          scores += mine[c] * mat4x4(
            load_q(rows.x, head, c), load_q(rows.y, head, c), load_q(rows.z, head, c), load_q(rows.w, head, c),
          );
          slopes += value[c] * mat4x4(
            load_dy(rows.x, head, c), load_dy(rows.y, head, c), load_dy(rows.z, head, c), load_dy(rows.w, head, c),
          );
        }
        let at = 2u * (rows * HEADSu + head);
        let lse = vec4(notes[at.x], notes[at.y], notes[at.z], notes[at.w]);
        let sums = vec4(notes[at.x + 1u], notes[at.y + 1u], notes[at.z + 1u], notes[at.w + 1u]);
        let shares = select(vec4<f32>(), exp(scores * SCALE - lse), seen);
        let ds = shares * (slopes - sums) * SCALE;
        for (var c = 0u; c < VEC4Su; c++) {
          key_sums[c] += mat4x4(
            load_q(rows.x, head, c), load_q(rows.y, head, c), load_q(rows.z, head, c), load_q(rows.w, head, c),
          ) * ds;
          value_sums[c] += mat4x4(
            load_dy(rows.x, head, c), load_dy(rows.y, head, c), load_dy(rows.z, head, c), load_dy(rows.w, head, c),
          ) * shares;
        }
      }
    }
  }
  for (var c = 0u; c < VEC4Su; c++) {
    store_dk(row, workgroup.y, c, key_sums[c]);
    store_dv(row, workgroup.y, c, value_sums[c]);
  }
}
#end
#end
