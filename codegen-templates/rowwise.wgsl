// Ops that reduce each row. LANES invocations share a row: 1 on adapters that run on a CPU, a workgroup elsewhere.

#if SHARED
var<workgroup> shares: array<f32, LANES>;

fn total(lane: u32, mine: f32) -> f32 {
  shares[lane] = mine;
  workgroupBarrier();
  for (var half = LANESu / 2u; half > 0u; half /= 2u) {
    if (lane < half) { shares[lane] += shares[lane + half]; }
    workgroupBarrier();
  }
  let sum = shares[0];
  workgroupBarrier();
  return sum;
}

fn largest(lane: u32, mine: f32) -> f32 {
  shares[lane] = mine;
  workgroupBarrier();
  for (var half = LANESu / 2u; half > 0u; half /= 2u) {
    if (lane < half) { shares[lane] = max(shares[lane], shares[lane + half]); }
    workgroupBarrier();
  }
  let most = shares[0];
  workgroupBarrier();
  return most;
}
#else
fn total(lane: u32, mine: f32) -> f32 { return mine; }
fn largest(lane: u32, mine: f32) -> f32 { return mine; }
#end

#if ENTROPY
// Rows of logits (vec4 elements with `VEC4`), in a slot of the scratch or in the tensor; the gradient takes their place where SLOPE, or
// goes to `slopes` where APART.
fn logit_at(slot: u32, c: u32) -> u32 {
#if LOCAL
  return slot * LOGITSu + c;
#else
  return at_logits(slot, c);
#end
}
#end

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
#if SHARED
  let row = workgroup.y * GRID_Xu + workgroup.x;
  let lane = index;
#else
  let row = (workgroup.y * GRID_Xu + workgroup.x) * WORKGROUPu + index;
  let lane = 0u;
#end
  if (row >= ROWSu) { return; }
#if RMS
  var squares = 0.0;
  for (var c = lane; c < COLSu; c += LANESu) {
    let value = x[at_x(row, c)];
    squares += value * value;
  }
  let sum = total(lane, squares);
  if (lane == 0u) { rstd[row] = inverseSqrt(sum / f32(COLSu) + EPS); }
#end
#if NORM_GRAD
  let g = group(row) * COLSu;
  var products = 0.0;
  for (var c = lane; c < COLSu; c += LANESu) {
    products += dy[at_dy(row, c)] * scale[g + c] * x[at_x(row, c)];
  }
  let s = rstd[row];
  let mean = total(lane, products) / f32(COLSu) * s * s;
  for (var c = lane; c < COLSu; c += LANESu) {
    var value = s * (dy[at_dy(row, c)] * scale[g + c] - x[at_x(row, c)] * mean);
#if RESIDUAL
    value += residual[at_residual(row, c)];
#end
    dx[at_dx(row, c)] = value;
  }
#end
#if SQUARED_ERROR
  var squares = 0.0;
  for (var c = lane; c < COLSu; c += LANESu) {
    let difference = prediction[at_prediction(row, c)] - noise[at_noise(row, c)];
    squares += difference * difference;
  }
  let sum = total(lane, squares);
  if (lane == 0u) { loss[row] = select(sum / f32(COLSu), 0.0, item[row] < 0); }
#end
#if DOT
  var products = 0.0;
  for (var c = lane; c < COLSu; c += LANESu) { products += a[at_a(row, c)] * b[at_b(row, c)]; }
  let sum = total(lane, products);
  if (lane == 0u) { partial[row] = sum; }
#end
#if ENTROPY
  let slot = row;
#if LOCAL
  let position = table[TILESu + FIRST_TILEu * 64u + slot];
  if (position == 0xffffffffu) { return; }
#else
  let position = row;
#end
  let wanted = target_token[position];
  if (wanted < 0) {
    if (lane == 0u) {
      loss[position] = 0.0;
#if WRITES_LSE
      lse[position] = 0.0;
#end
    }
    return;
  }
  var most = -3.4e38;
#if VEC4
  for (var c = lane; c < LOGITSu; c += LANESu) {
    let four = logits[logit_at(slot, c)];
    most = max(most, max(max(four.x, four.y), max(four.z, four.w)));
  }
  most = largest(lane, most);
  var sum = 0.0;
  for (var c = lane; c < LOGITSu; c += LANESu) {
    let four = exp(logits[logit_at(slot, c)] - most);
    sum += (four.x + four.y) + (four.z + four.w);
  }
  sum = total(lane, sum);
  let chosen = logits[logit_at(slot, u32(wanted) / 4u)][u32(wanted) % 4u];
#else
  for (var c = lane; c < LOGITSu; c += LANESu) { most = max(most, logits[logit_at(slot, c)]); }
  most = largest(lane, most);
  var sum = 0.0;
  for (var c = lane; c < LOGITSu; c += LANESu) { sum += exp(logits[logit_at(slot, c)] - most); }
  sum = total(lane, sum);
  let chosen = logits[logit_at(slot, u32(wanted))];
#end
  if (lane == 0u) {
    loss[position] = most + log(sum) - chosen;
#if WRITES_LSE
    lse[position] = most + log(sum);
#end
  }
#if SLOPE
#if SHARED
  workgroupBarrier();
#end
  let weight = scale[position];
  for (var c = lane; c < LOGITSu; c += LANESu) {
    let share = exp(logits[logit_at(slot, c)] - most) / sum;
#if VEC4
    let hit = vec4(4u * c, 4u * c + 1u, 4u * c + 2u, 4u * c + 3u) == vec4(u32(wanted));
    let slope = weight * (share - select(vec4(0.0), vec4(1.0), hit));
#else
    let slope = weight * (share - select(0.0, 1.0, c == u32(wanted)));
#end
#if APART
    slopes[logit_at(slot, c)] = slope;
#else
    logits[logit_at(slot, c)] = slope;
#end
  }
#end
#end
}
