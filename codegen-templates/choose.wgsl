// Chooses the next id of each sequence from its logits, a workgroup for a sequence. Logits are compared by their keys,
// which are whole numbers above 0 in the same order. All sums have a fixed order.

var<workgroup> shares: array<f32, WORKGROUP>;
var<workgroup> share_sums: array<f32, SIDE>;
var<workgroup> words: array<u32, WORKGROUP>;
var<workgroup> word_sums: array<u32, SIDE>;

fn sum_of(lane: u32, mine: f32) -> f32 {
  shares[lane] = mine;
  workgroupBarrier();
  if (lane < SIDEu) {
    var sum = 0.0;
    for (var i = 0u; i < SIDEu; i++) { sum += shares[lane * SIDEu + i]; }
    share_sums[lane] = sum;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < SIDEu; i++) { total += share_sums[i]; }
  return total;
}

// The sum of the lanes before, and that of all lanes.
fn sums_before(lane: u32, mine: f32) -> vec2<f32> {
  shares[lane] = mine;
  workgroupBarrier();
  if (lane < SIDEu) {
    var sum = 0.0;
    for (var i = 0u; i < SIDEu; i++) {
      let share = shares[lane * SIDEu + i];
      shares[lane * SIDEu + i] = sum;
      sum += share;
    }
    share_sums[lane] = sum;
  }
  workgroupBarrier();
  var before = 0.0;
  var total = 0.0;
  for (var i = 0u; i < SIDEu; i++) {
    if (i == lane / SIDEu) { before = total; }
    total += share_sums[i];
  }
  return vec2(before + shares[lane], total);
}

// The sum and the largest of all lanes.
fn words_of(lane: u32, mine: u32) -> vec2<u32> {
  words[lane] = mine;
  workgroupBarrier();
  var most = 0u;
  if (lane < SIDEu) {
    var sum = 0u;
    for (var i = 0u; i < SIDEu; i++) {
      sum += words[lane * SIDEu + i];
      most = max(most, words[lane * SIDEu + i]);
    }
    word_sums[lane] = sum;
    words[lane * SIDEu] = most;
  }
  workgroupBarrier();
  var total = 0u;
  for (var i = 0u; i < SIDEu; i++) {
    total += word_sums[i];
    most = max(most, words[i * SIDEu]);
  }
  workgroupBarrier();
  return vec2(total, most);
}

fn count_before(lane: u32, mine: u32) -> u32 {
  words[lane] = mine;
  workgroupBarrier();
  if (lane < SIDEu) {
    var sum = 0u;
    for (var i = 0u; i < SIDEu; i++) {
      let count = words[lane * SIDEu + i];
      words[lane * SIDEu + i] = sum;
      sum += count;
    }
    word_sums[lane] = sum;
  }
  workgroupBarrier();
  var before = words[lane];
  for (var i = 0u; i < lane / SIDEu; i++) { before += word_sums[i]; }
  return before;
}

fn range_at(sequence: u32, range: u32) -> vec2<u32> {
  let at = (sequence * RANGESu + range) * 2u;
  return vec2(allowed[at], allowed[at + 1u]);
}

// The n-th allowed id.
fn id_at(sequence: u32, n: u32) -> u32 {
  var left = n;
  for (var range = 0u; range + 1u < RANGESu; range++) {
    let ids = range_at(sequence, range);
    if (left < ids.y - ids.x) { return ids.x + left; }
    left -= ids.y - ids.x;
  }
  return range_at(sequence, RANGESu - 1u).x + left;
}

fn bits_of(sequence: u32, id: u32) -> u32 { return bitcast<u32>(logits[at_logits(sequence, id)]); }

fn is_finite(bits: u32) -> bool { return (bits & 0x7f800000u) != 0x7f800000u; }

// −0 counts as 0. Logits that are not finite have the key 0.
fn key_of(bits: u32) -> u32 {
  if (!is_finite(bits)) { return 0u; }
  return select(bits | 0x80000000u, ~bits, bits > 0x80000000u);
}

fn value_of(key: u32) -> f32 { return bitcast<f32>(select(~key, key ^ 0x80000000u, key >= 0x80000000u)); }

// 0: NaN. 1: ∞. 2: −∞.
fn fault_of(bits: u32) -> u32 {
  if ((bits & 0x007fffffu) != 0u) { return 0u; }
  return 1u + (bits >> 31u);
}

struct Weighing { top: f32, temperature: f32 }

fn weight_of(key: u32, by: Weighing) -> f32 {
  if (key == 0u) { return 0.0; }
  if (by.temperature == 0.0) { return 1.0; }
  return exp((value_of(key) - by.top) / by.temperature);
}

fn count_from(lane: u32, sequence: u32, ids: u32, least: u32) -> u32 {
  var mine = 0u;
  for (var n = lane; n < ids; n += WORKGROUPu) {
    mine += select(0u, 1u, key_of(bits_of(sequence, id_at(sequence, n))) >= least);
  }
  return words_of(lane, mine).x;
}

fn mass_from(lane: u32, sequence: u32, ids: u32, least: u32, by: Weighing) -> f32 {
  var mine = 0.0;
  for (var n = lane; n < ids; n += WORKGROUPu) {
    let key = key_of(bits_of(sequence, id_at(sequence, n)));
    if (key >= least) { mine += weight_of(key, by); }
  }
  return sum_of(lane, mine);
}

fn write(sequence: u32, choice: i32) {
  let at = rounds[sequence];
  if (at < RUNu) { choices[sequence * RUNu + at] = choice; }
  rounds[sequence] = at + 1u;
  chosen[sequence] = max(choice, -1);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let sequence = workgroup.x;
  var ids = 0u;
  for (var range = 0u; range < RANGESu; range++) {
    let between = range_at(sequence, range);
    ids += between.y - between.x;
  }

  var best = 0u;
  var faulty = 0u;
  for (var n = lane; n < ids; n += WORKGROUPu) {
    let id = id_at(sequence, n);
    let bits = bits_of(sequence, id);
    best = max(best, key_of(bits));
    if (!is_finite(bits)) { faulty = max(faulty, ~id); }
  }
  best = words_of(lane, best).y;
  faulty = words_of(lane, faulty).y;

  let temperature = choosing[sequence * 3u];
  let by = Weighing(value_of(best), temperature);
  let top_p = choosing[sequence * 3u + 2u];
  // Ids of larger keys than `cut` stay, and of that key the first `ties`.
  var cut = 0u;
  var ties = 0u;
  let wanted = select(min(u32(choosing[sequence * 3u + 1u]), ids), 1u, temperature == 0.0);
  if (wanted == 1u) {
    cut = best;
    ties = 1u;
  } else if (wanted < ids) {
    for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
      if (count_from(lane, sequence, ids, cut | bit) >= wanted) { cut |= bit; }
    }
    ties = wanted - count_from(lane, sequence, ids, cut + 1u);
  }
  if (top_p < 1.0 && ids > 0u) {
    let least = cut;
    let mass = top_p * (mass_from(lane, sequence, ids, least + 1u, by) + f32(ties) * weight_of(least, by));
    var found = 0u;
    for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
      let key = found | bit;
      let reached = mass_from(lane, sequence, ids, key, by) >= mass;
      if (key <= least || (key <= best && reached)) { found = key; }
    }
    let tied = count_from(lane, sequence, ids, found) - count_from(lane, sequence, ids, found + 1u);
    let missing = ceil((mass - mass_from(lane, sequence, ids, found + 1u, by)) / weight_of(found, by));
    if (found > least) { ties = tied; }
    ties = u32(clamp(missing, 1.0, f32(max(ties, 1u))));
    cut = found;
  }

  let part = (ids + WORKGROUPu - 1u) / WORKGROUPu;
  let first = lane * part;
  let end = min(first + part, ids);
  var mass = 0.0;
  var tied = 0u;
  for (var n = first; n < end; n++) {
    let key = key_of(bits_of(sequence, id_at(sequence, n)));
    if (key > cut) { mass += weight_of(key, by); }
    if (key == cut) { tied++; }
  }
  var left = min(tied, ties - min(ties, count_before(lane, tied)));
  let sums = sums_before(lane, mass + f32(left) * weight_of(cut, by));
  shares[lane] = sums.x;
  workgroupBarrier();
  let round_now = min(rounds[sequence], RUNu - 1u);
  let place = uniforms[sequence * RUNu + round_now] * sums.y;
  let last = lane + 1u == WORKGROUPu;
  let mine = sums.x <= place && (last || place < shares[min(lane + 1u, WORKGROUPu - 1u)]);
  workgroupBarrier();

  if (ids == 0u || faulty != 0u) {
    if (lane != 0u) { return; }
    if (ids == 0u) { write(sequence, -1); } else {
      write(sequence, -2 - i32(4u * ~faulty + fault_of(bits_of(sequence, ~faulty))));
    }
    return;
  }
  if (!mine) { return; }
  var rest = place - sums.x;
  var choice = 0u;
  for (var n = first; n < end; n++) {
    let id = id_at(sequence, n);
    let key = key_of(bits_of(sequence, id));
    if (key < cut || (key == cut && left == 0u)) { continue; }
    if (key == cut) { left--; }
    let weight = weight_of(key, by);
    if (weight == 0.0) { continue; }
    choice = id;
    if (rest < weight) { break; }
    rest -= weight;
  }
  write(sequence, i32(choice));
}
