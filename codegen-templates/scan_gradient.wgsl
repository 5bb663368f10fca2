// Backward of the selective scan. With g[t] the gradient by h[t] and G[t] = exp(Δ[t]·A)·g[t] what reaches h[t−1]:
//   g[t] = G[t+1] + dy[t]·C[t]
// LOCAL runs each chunk backward from G = 0 and leaves G at its start and its ΣΔ; CARRY goes from the last chunk to the
// first and puts in their place the G that enters each chunk; REPLAY recomputes h from the chunk's carry, SUB positions
// at a time, and makes all gradients. Those by B and C are sums over channels, those by A_log and D over positions:
// REPLAY leaves partial sums, which later dispatches add up in order.
// `scratch`: G [BLOCKS, STATES, CHANNELS], ΣΔ [BLOCKS, A_GROUPS, CHANNELS], then from SUMS_AT on the partial sums
//   by B and C [CHANNEL_BLOCKS, rows, 2·STATES], and from WEIGHTS_AT on
//   by A_log and D [BLOCKS, A_GROUPS·CHANNELS·STATES + D_GROUPS·CHANNELS].
// SHARED: a workgroup has 64 channels, one an invocation, and adds them up in workgroup memory.
// DELTA_SLOPE: delta is softplus of what ddelta is the gradient by.
// Else an invocation goes through its PER_BLOCK channels itself: for adapters that run on a CPU.

fn a_of(g: u32, c: u32, n: u32) -> f32 { return -exp(ssm[(g * CHANNELSu + c) * STATESu + n]); }

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * STATESu + n) * CHANNELSu + c; }
fn sum_at(block: u32, g: u32, c: u32) -> u32 {
  return BLOCKSu * STATESu * CHANNELSu + (block * A_GROUPSu + g) * CHANNELSu + c;
}

#if WRITES_DDELTA
#if DELTA_SLOPE
#include softplus_slope
#end
#end
#if GATED
fn sigmoid(s: f32) -> f32 { return 1.0 / (1.0 + exp(-s)); }
#end

#if READS_DY
// The gradient by y before the gate.
fn dy_before_gate(row: u32, c: u32) -> f32 {
#if GATED
  let gate = z[at_z(row, c)];
  return dy[at_dy(row, c)] * gate * sigmoid(gate);
#else
  return dy[at_dy(row, c)];
#end
}
#end

#if REPLAY
fn carried(block: u32, n: u32, c: u32) -> f32 {
#if COPIED
  return scratch[CARRY_ATu + state_at(block, n, c)];
#else
  return carry[state_at(block, n, c)];
#end
}

#if SHARED
var<workgroup> shares: array<f32, SHARES>;

// Adds up what the 64 channels hold for B and C at a row; every invocation takes part.
fn reduce(channel_block: u32, row: u32, index: u32) {
  workgroupBarrier();
  for (var i = index; i < 2u * STATESu; i += 64u) {
    var sum = 0.0;
    for (var j = 0u; j < 64u; j++) { sum += shares[j * PITCHu + i]; }
    scratch[SUMS_ATu + (channel_block * ROWSu + row) * 2u * STATESu + i] = sum;
  }
  workgroupBarrier();
}
#end

// The chunk's gradients for channel c. An invocation beyond the last channel repeats that one, writes the same numbers,
// and counts for nothing in the sums (`inside` is false): with a branch around the work, and barriers after it, sums came
// out wrong on an H100 (driver 580.159) wherever such invocations add them up. `fresh` where the sums over channels begin.
fn replay(block: u32, c: u32, channel_block: u32, index: u32, inside: bool, fresh: bool) {
  let chunk = block % CHUNKSu;
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
  var a: array<f32, A_STATES>;
  var da: array<f32, A_STATES>;
  var dd: array<f32, D_GROUPS>;
  var incoming: array<f32, STATES>;
  var h: array<f32, STATES>;
  // h before each run of SUB positions, and before each position of the present run.
  var starts: array<f32, STARTS>;
  var before: array<f32, BEFORE>;
  for (var n = 0u; n < STATESu; n++) {
    for (var g = 0u; g < A_GROUPSu; g++) { a[g * STATESu + n] = a_of(g, c, n); }
    h[n] = carried(block, n, c);
#if MANY
    incoming[n] = scratch[state_at(block, n, c)];
#end
  }
  for (var t = 0u; t < size; t++) {
    if (t % SUBu == 0u) {
      for (var n = 0u; n < STATESu; n++) { starts[(t / SUBu) * STATESu + n] = h[n]; }
    }
    let row = first + t;
    let step_size = delta[at_delta(row, c)];
    let input = step_size * u[at_u(row, c)];
    let g = group_a(row) * STATESu;
#if RESET
    if (begins(row)) {
      for (var n = 0u; n < STATESu; n++) { h[n] = 0.0; }
    }
#end
    for (var n = 0u; n < STATESu; n++) { h[n] = exp(step_size * a[g + n]) * h[n] + input * B_at(row, n); }
  }
  for (var run = (size + SUBu - 1u) / SUBu; run > 0u; run--) {
    let run_first = (run - 1u) * SUBu;
    let run_size = min(SUBu, size - run_first);
    for (var n = 0u; n < STATESu; n++) { h[n] = starts[(run - 1u) * STATESu + n]; }
    for (var t = 0u; t < run_size; t++) {
      let row = first + run_first + t;
      let step_size = delta[at_delta(row, c)];
      let input = step_size * u[at_u(row, c)];
      let g = group_a(row) * STATESu;
#if RESET
      if (begins(row)) {
        for (var n = 0u; n < STATESu; n++) { h[n] = 0.0; }
      }
#end
      for (var n = 0u; n < STATESu; n++) {
        before[t * STATESu + n] = h[n];
        h[n] = exp(step_size * a[g + n]) * h[n] + input * B_at(row, n);
      }
    }
    for (var left = run_size; left > 0u; left--) {
      let t = left - 1u;
      let row = first + run_first + t;
      let step_size = delta[at_delta(row, c)];
      let value = u[at_u(row, c)];
      let ga = group_a(row) * STATESu;
      let gd = group_d(row);
      let skip = ssm[D_ATu + gd * CHANNELSu + c];
      let d = dy_before_gate(row, c);
      var du_here = d * skip;
      var ddelta_here = 0.0;
      var y_here = skip * value;
      dd[gd] += d * value;
      for (var n = 0u; n < STATESu; n++) {
        let a_n = a[ga + n];
        let decay = exp(step_size * a_n);
        let b = B_at(row, n);
        let c_n = C_at(row, n);
        let held = decay * before[t * STATESu + n];
        let state = held + step_size * value * b;
        let slope = incoming[n] + d * c_n;
        y_here += c_n * state;
        du_here += slope * step_size * b;
        ddelta_here += slope * (b * value + a_n * held);
        da[ga + n] += slope * step_size * a_n * held;
#if RESET
        // No gradient flows into the previous document.
        incoming[n] = select(slope * decay, 0.0, begins(row));
#else
        incoming[n] = slope * decay;
#end
#if WRITES_SUMS
#if SHARED
        shares[index * PITCHu + n] = select(0.0, slope * step_size * value, inside);
        shares[index * PITCHu + STATESu + n] = select(0.0, d * state, inside);
#else
        let at = SUMS_ATu + (channel_block * ROWSu + row) * 2u * STATESu + n;
        var by_b = slope * step_size * value;
        var by_c = d * state;
        if (!fresh) {
          by_b += scratch[at];
          by_c += scratch[at + STATESu];
        }
        scratch[at] = by_b;
        scratch[at + STATESu] = by_c;
#end
#end
      }
#if WRITES_DU
      du[at_du(row, c)] = du_here;
#end
#if WRITES_DDELTA
#if DELTA_SLOPE
      ddelta_here *= softplus_slope(step_size);
#end
      ddelta[at_ddelta(row, c)] = ddelta_here;
#end
#if GATED
      let gate = z[at_z(row, c)];
      let p = sigmoid(gate);
      dz[at_dz(row, c)] = dy[at_dy(row, c)] * y_here * p * (1.0 + gate * (1.0 - p));
#end
#if WRITES_SUMS
#if SHARED
      reduce(channel_block, row, index);
#end
#end
    }
  }
#if WRITES_SUMS
  let at = WEIGHTS_ATu + block * (A_GROUPSu * STATESu + D_GROUPSu) * CHANNELSu;
  for (var g = 0u; g < A_GROUPSu; g++) {
    for (var n = 0u; n < STATESu; n++) { scratch[at + (g * CHANNELSu + c) * STATESu + n] = da[g * STATESu + n]; }
  }
  for (var g = 0u; g < D_GROUPSu; g++) {
    scratch[at + (A_GROUPSu * STATESu + g) * CHANNELSu + c] = dd[g];
  }
#end
}
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
#if REPLAY
#if SHARED
  let c = workgroup.x * 64u + index;
  replay(workgroup.y, min(c, CHANNELSu - 1u), workgroup.x, index, c < CHANNELSu, true);
#else
  let block = workgroup.y * 64u + index;
  if (block >= BLOCKSu) { return; }
  let first = workgroup.x * PER_BLOCKu;
  for (var c = first; c < min(first + PER_BLOCKu, CHANNELSu); c++) {
    replay(block, c, workgroup.x, index, true, c == first);
  }
#end
#else
  let c = workgroup.x * 64u + index;
  if (c >= CHANNELSu) { return; }
#if CARRY
  let sequence = workgroup.y;
  let n = workgroup.z;
  var a: array<f32, A_GROUPS>;
  for (var g = 0u; g < A_GROUPSu; g++) { a[g] = a_of(g, c, n); }
  var entering = 0.0;
  // Loads four chunks at a time, before it stores any: loads and stores use the same memory.
  for (var left = CHUNKSu; left > 0u; left = max(left, 4u) - 4u) {
    let block = sequence * CHUNKSu + left - 1u;
    var mine: array<f32, 4>;
    var exponent: array<f32, 4>;
    for (var i = 0u; i < 4u; i++) {
      let at = block - min(i, left - 1u);
      mine[i] = scratch[state_at(at, n, c)];
      var sum = 0.0;
      for (var g = 0u; g < A_GROUPSu; g++) { sum += a[g] * scratch[sum_at(at, g, c)]; }
      exponent[i] = sum;
#if RESET
      // A ΣΔ below 0 marks a chunk in which a document begins: nothing passes it.
      if (scratch[sum_at(at, 0u, c)] < 0.0) { exponent[i] = 1.0; }
#end
    }
    for (var i = 0u; i < min(left, 4u); i++) {
      scratch[state_at(block - i, n, c)] = entering;
#if RESET
      entering = mine[i] + select(exp(exponent[i]), 0.0, exponent[i] > 0.0) * entering;
#else
      entering = mine[i] + exp(exponent[i]) * entering;
#end
    }
  }
#else
  let block = workgroup.y;
  let chunk = block % CHUNKSu;
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
  var reaching: array<f32, STATES>;
#if RESET
  var cut = false;
#end
  var a: array<f32, A_STATES>;
  var sums: array<f32, A_GROUPS>;
  for (var n = 0u; n < STATESu; n++) {
    for (var g = 0u; g < A_GROUPSu; g++) { a[g * STATESu + n] = a_of(g, c, n); }
  }
  for (var left = size; left > 0u; left--) {
    let row = first + left - 1u;
    let step_size = delta[at_delta(row, c)];
    let d = dy_before_gate(row, c);
    let g = group_a(row);
    sums[g] += step_size;
    for (var n = 0u; n < STATESu; n++) {
      reaching[n] = exp(step_size * a[g * STATESu + n]) * (reaching[n] + d * C_at(row, n));
#if RESET
      if (begins(row)) { reaching[n] = 0.0; }
#end
    }
#if RESET
    if (begins(row)) { cut = true; }
#end
  }
#if RESET
  if (cut) { sums[0] = -1.0; }
#end
  for (var n = 0u; n < STATESu; n++) { scratch[state_at(block, n, c)] = reaching[n]; }
  for (var g = 0u; g < A_GROUPSu; g++) { scratch[sum_at(block, g, c)] = sums[g]; }
#end
#end
}
