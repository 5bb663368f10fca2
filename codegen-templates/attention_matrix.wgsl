// What attention.wgsl computes, on matrix units: f16 operands, f32 sums. A workgroup has 64 · BLOCKS queries of a head, a
// subgroup 16 · BLOCKS of them. Weights are relative to a maximum that lags behind the true one by at most LAG, so that
// the sums are rarely rescaled: a sum in a matrix can only be reached through workgroup memory.
const LAG = 8.0;
const LEAST = -3.4e38;

#if SPLIT
#include split_f16_rounded
#end
#include attention_panels

// Scores of 16 queries × COLUMNS keys for each subgroup, and their weights.
var<workgroup> scores: array<vec4<f32>, AREAS>;
var<workgroup> shares: array<vec4<f16>, SHARES>;
// Whether a subgroup has a new maximum. A vector, because matrices in workgroup memory must start at multiples of 16 bytes.
var<workgroup> grown: array<vec4<u32>, 1>;

var<workgroup> span: array<vec2<i32>, 128>;

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

fn range(sequence: u32, query: u32) -> vec2<i32> {
  if (query >= QUERIESu) { return vec2(KEYS, -1); }
  let at = 2u * (sequence * QUERIESu + query);
  return vec2(keys[at], min(keys[at + 1u], KEYS - 1));
}

/// Eight columns of a query, or zeros beyond the end.
fn load_query(part: u32, sequence: u32, head: u32, query: u32, eight: u32) -> vec4<u32> {
  if (query >= QUERIESu || 8u * eight >= HEADu) { return vec4<u32>(); }
  return q[at_q(sequence * QUERIESu + query, place(head * HEAD_EIGHTSu + eight, part))];
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let head = workgroup.y;
  let sequence = workgroup.z;
  let kv_head = head / SHAREu;
  let first_query = workgroup.x * ROWSu;
  let lane = index % 32u;
  let subgroup = index / 32u;
  let sub_row = subgroup * 16u * BLOCKSu;
  let area_at = subgroup * 16u * AREA_FOURSu;
  let mine_at = area_at + lane / 2u * AREA_FOURSu + lane % 2u;
  if (index == 0u) { grown[0] = vec4<u32>(); }
  let begin_end = reach(index, range(sequence, select(QUERIESu, first_query + index, index < ROWSu)));

#if SPLIT
  let scale = q_factor[0] * k_factor[0] * SCALE;
#else
  let scale = SCALE;
#end
#repeat I BLOCKS
#repeat P PARTS
  // 16 queries of each subgroup pass through the panels.
  for (var i = index; i < 64u * EIGHTSu; i += 128u) {
    let line = i / EIGHTSu;
    let query = first_query + (line / 16u * BLOCKSu + #{I}u) * 16u + line % 16u;
    store_eight(line * PITCH_FOURSu + i % EIGHTSu * 2u, load_query(#{P}u, sequence, head, query, i % EIGHTSu));
  }
  workgroupBarrier();
  #repeat D DEEP: let q#{I}_#{D}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&panels, subgroup * 16u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
  workgroupBarrier();
#end
  #repeat D DEEP: var y#{I}_#{D} = subgroup_matrix_result<f32, 16, 16>();
  let query#{I} = first_query + sub_row + #{16 * I}u + lane / 2u;
  let range#{I} = range(sequence, query#{I});
  var most#{I} = LEAST;
  var sum#{I} = 0.0;
#end
  #repeat L LOADS: let i#{L} = index + #{128 * L}u;
  var first_key = begin_end.x;
#repeat P PARTS
  #repeat L LOADS: var k#{L}#{hl[P]} = load_key(0u, #{P}u, sequence, kv_head, u32(first_key) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
  #repeat L LOADS: var v#{L}#{hl[P]} = load_key(1u, #{P}u, sequence, kv_head, u32(first_key) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
#end
  while (first_key <= begin_end.y) {
    workgroupBarrier();
#repeat P PARTS
    #repeat L LOADS: store_both(#{P}u, i#{L}, k#{L}#{hl[P]}, v#{L}#{hl[P]});
#end
    workgroupBarrier();
    let next_key = first_key + COLUMNS;
#repeat P PARTS
    #repeat L LOADS: k#{L}#{hl[P]} = load_key(0u, #{P}u, sequence, kv_head, u32(next_key) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
    #repeat L LOADS: v#{L}#{hl[P]} = load_key(1u, #{P}u, sequence, kv_head, u32(next_key) + i#{L} / EIGHTSu, i#{L} % EIGHTSu);
#end
#repeat I BLOCKS
    {
      #repeat J SPAN: var s#{J} = subgroup_matrix_result<f32, 16, 16>();
#repeat D DEEP
#repeat J SPAN
      #repeat P PARTS: let k#{D}_#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, col_major>(&panels, #{P}u * PART_ATu + #{16 * J}u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
      #repeat T TERMS: s#{J} = subgroupMatrixMultiplyAccumulate(q#{I}_#{D}#{lhh[T + FIRST_TERM]}, k#{D}_#{J}#{hlh[T + FIRST_TERM]}, s#{J});
#end
#end
      #repeat J SPAN: subgroupMatrixStore<row_major>(&scores, area_at + #{4 * J}u, s#{J}, AREA_FOURSu);
      workgroupBarrier();
      let lane_key = first_key + 4 * i32(lane % 2u);
      var highest = most#{I};
#repeat F PAIRS
      let key#{F} = vec4(lane_key + #{8 * F}) + vec4(0, 1, 2, 3);
      let seen#{F} = (key#{F} >= vec4(range#{I}.x)) & (key#{F} <= vec4(range#{I}.y));
      let score#{F} = select(vec4(LEAST), scores[mine_at + #{2 * F}u] * scale, seen#{F});
      highest = max(highest, max(max(score#{F}.x, score#{F}.y), max(score#{F}.z, score#{F}.w)));
#end
      highest = max(highest, subgroupShuffleXor(highest, 1u));
      let grows = subgroupAny(highest > most#{I} + LAG);
      let holds = subgroupAny(most#{I} > LEAST);
      if (grows && holds) { grown[0] = vec4(1u); }
      let next = select(most#{I}, highest, grows);
      let shrink = exp(most#{I} - next);
      var added = vec4<f32>();
#repeat F PAIRS
      let share#{F} = select(vec4<f32>(), exp(score#{F} - next), seen#{F});
#if SPLIT
      let high#{F} = rounded(share#{F});
      shares[mine_at + #{2 * F}u] = vec4<f16>(high#{F});
      shares[AREASu + mine_at + #{2 * F}u] = vec4<f16>(share#{F} - high#{F});
#else
      shares[mine_at + #{2 * F}u] = vec4<f16>(share#{F});
#end
      added += share#{F};
#end
      sum#{I} = sum#{I} * shrink + ((added.x + added.y) + (added.z + added.w));
      most#{I} = next;
      if (workgroupUniformLoad(&grown[0]).x != 0u) {
#repeat D DEEP
        subgroupMatrixStore<row_major>(&scores, area_at, y#{I}_#{D}, AREA_FOURSu);
        workgroupBarrier();
        scores[mine_at] *= shrink;
        scores[mine_at + 2u] *= shrink;
        workgroupBarrier();
        y#{I}_#{D} = subgroupMatrixLoad<subgroup_matrix_result<f32, 16, 16>, row_major>(&scores, area_at, AREA_FOURSu);
        workgroupBarrier();
#end
        if (index == 0u) { grown[0] = vec4<u32>(); }
      }
#repeat J SPAN
      #repeat P PARTS: let p#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&shares, #{P}u * AREASu + area_at + #{4 * J}u, AREA_FOURSu);
#repeat D DEEP
      #repeat P PARTS: let v#{D}_#{J}#{hl[P]} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>, row_major>(&panels, SECOND_ATu + #{P}u * PART_ATu + #{16 * J}u * PITCH_FOURSu + #{4 * D}u, PITCH_FOURSu);
      #repeat T TERMS: y#{I}_#{D} = subgroupMatrixMultiplyAccumulate(p#{J}#{lhh[T + FIRST_TERM]}, v#{D}_#{J}#{hlh[T + FIRST_TERM]}, y#{I}_#{D});
#end
#end
    }
#end
    first_key = next_key;
  }
#repeat I BLOCKS
  sum#{I} += subgroupShuffleXor(sum#{I}, 1u);
#repeat D DEEP
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&scores, area_at, y#{I}_#{D}, AREA_FOURSu);
  workgroupBarrier();
#repeat F 2
  if (query#{I} < QUERIESu && #{16 * D + 8 * F}u + 4u * (lane % 2u) < HEADu) {
    y_out[at_y_out(sequence * QUERIESu + query#{I}, head * HEAD_FOURSu + #{4 * D + 2 * F}u + lane % 2u)] = scores[mine_at + #{2 * F}u] / sum#{I}
#if SPLIT
      * v_factor[0]
#end
    ;
  }
#end
#end
  if (query#{I} < QUERIESu && lane % 2u == 0u) { lse[(sequence * QUERIESu + query#{I}) * HEADSu + head] = most#{I} + log(sum#{I}); }
#end
}
