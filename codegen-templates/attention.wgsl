// Attention of each query over its range of keys, with the softmax as it goes: a running maximum and sum, no L × L
// matrix. One head of one sequence in each slice of the grid: head workgroup.y, sequence workgroup.z.
const LEAST = -3.4e38;

#if TILED
var<private> head: u32;
var<private> sequence: u32;

fn left_at(which: u32, query: u32, d: u32) -> f32 {
  if (query >= QUERIESu) { return 0.0; }
  return q[at_q(sequence * QUERIESu + query, head * HEADu + d)];
}

fn right_at(which: u32, key: u32, d: u32) -> f32 {
  if (key >= KEYSu) { return 0.0; }
  let row = sequence * KEYSu + key;
  let column = head / SHAREu * HEADu + d;
  if (which == 0u) { return k[at_k(row, column)]; }
  return v[at_v(row, column)];
}

#include attention_tile

fn range(query: u32) -> vec2<i32> {
  if (query >= QUERIESu) { return vec2(KEYS, -1); }
  let at = 2u * (sequence * QUERIESu + query);
  return vec2(keys[at], min(keys[at + 1u], KEYS - 1));
}

/// Over the 16 invocations of a row, in their order.
fn largest(x: u32, y: u32, mine: vec4<f32>) -> vec4<f32> {
  left[x * 17u + y] = mine;
  workgroupBarrier();
  var most = left[y];
  for (var i = 1u; i < 16u; i++) { most = max(most, left[i * 17u + y]); }
  workgroupBarrier();
  return most;
}

fn total(x: u32, y: u32, mine: vec4<f32>) -> vec4<f32> {
  left[x * 17u + y] = mine;
  workgroupBarrier();
  var sum = left[y];
  for (var i = 1u; i < 16u; i++) { sum += left[i * 17u + y]; }
  workgroupBarrier();
  return sum;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  head = workgroup.y;
  sequence = workgroup.z;
  let x = local.x;
  let y = local.y;
  let first_query = workgroup.x * 64u;
  var begin = KEYS;
  var end = -1;
  for (var query = first_query; query < min(first_query + 64u, QUERIESu); query++) {
    let at = 2u * (workgroup.z * QUERIESu + query);
    begin = min(begin, keys[at]);
    end = max(end, min(keys[at + 1u], KEYS - 1));
  }
  let mine = first_query + 4u * y;
  let ranges = mat4x2<f32>(
    vec2<f32>(range(mine)), vec2<f32>(range(mine + 1u)), vec2<f32>(range(mine + 2u)), vec2<f32>(range(mine + 3u)),
  );
  let bounds = transpose(ranges);
  var most = vec4(LEAST);
  var sum = vec4<f32>();
  var sums: array<vec4<f32>, DEEP>;
  for (var first_key = begin; first_key <= end; first_key += COLUMNS) {
    var scores = product(0u, first_query, u32(first_key), x, y);
    var highest = most;
    for (var i = 0u; i < SPANu; i++) {
      let key = f32(first_key + i32(x + 16u * i));
      let seen = (vec4(key) >= bounds[0]) & (vec4(key) <= bounds[1]);
      scores[i] = select(vec4(LEAST), scores[i] * SCALE, seen);
      highest = max(highest, scores[i]);
    }
    let next = largest(x, y, highest);
    let shrink = exp(most - next);
    var added = vec4<f32>();
    for (var i = 0u; i < SPANu; i++) {
      let share = select(exp(scores[i] - next), vec4<f32>(), scores[i] == vec4(LEAST));
      added += share;
      tile[(x + 16u * i) * 17u + y] = share;
    }
    sum = sum * shrink + total(x, y, added);
    most = next;
    for (var i = 0u; i < DEEPu; i++) { sums[i] *= shrink; }
    accumulate(1u, u32(first_key), x, y, &sums);
  }
  for (var r = 0u; r < 4u; r++) {
    if (mine + r >= QUERIESu) { continue; }
    let row = workgroup.z * QUERIESu + mine + r;
    for (var i = 0u; i < DEEPu; i++) {
      let d = x + 16u * i;
      if (d < HEADu) { y_out[at_y_out(row, workgroup.y * HEADu + d)] = sums[i][r] / sum[r]; }
    }
    if (x == 0u) { lse[row * HEADSu + workgroup.y] = most[r] + log(sum[r]); }
  }
}
#else
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
  var sums: array<vec4<f32>, VEC4S>;
  for (var c = 0u; c < VEC4Su; c++) { mine[c] = load_q(row, head, c) * SCALE; }
  let last = min(keys[2u * row + 1u], KEYS - 1);
  var most = LEAST;
  var sum = 0.0;
  for (var key = keys[2u * row]; key <= last; key += 4) {
    let fours = vec4(key, key + 1, key + 2, key + 3);
    let rows = base + vec4<u32>(min(fours, vec4(last)));
    var scores = vec4<f32>();
    for (var c = 0u; c < VEC4Su; c++) {
      scores += mine[c] * mat4x4(
        load_k(rows.x, kv_head, c), load_k(rows.y, kv_head, c), load_k(rows.z, kv_head, c), load_k(rows.w, kv_head, c),
      );
    }
    scores = select(vec4(LEAST), scores, fours <= vec4(last));
    let next = max(most, max(max(scores.x, scores.y), max(scores.z, scores.w)));
    let shrink = exp(most - next);
    let shares = select(vec4<f32>(), exp(scores - next), fours <= vec4(last));
    sum = sum * shrink + ((shares.x + shares.y) + (shares.z + shares.w));
    for (var c = 0u; c < VEC4Su; c++) {
      sums[c] = sums[c] * shrink + mat4x4(
        load_v(rows.x, kv_head, c), load_v(rows.y, kv_head, c), load_v(rows.z, kv_head, c), load_v(rows.w, kv_head, c),
      ) * shares;
    }
    most = next;
  }
  for (var c = 0u; c < VEC4Su; c++) { store_y_out(row, head, c, sums[c] / sum); }
  lse[row * HEADSu + head] = most + log(sum);
}
#end
