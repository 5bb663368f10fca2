// Selective scan, chunked: h[t] = exp(Δ[t]·A)·h[t−1] + Δ[t]·B[t]·u[t], y[t] = (C[t]·h[t] + D·u[t])·silu(z[t]).
// Three dispatches: LOCAL runs each chunk from h = 0 and leaves its last h and its ΣΔ for each group of A;
// CARRY goes from chunk to chunk (h_end = exp(A·ΣΔ)·h_start + h_local); REPLAY runs each chunk from its true start.
// An invocation has one channel. `scratch`: last h [sequences·CHUNKS, STATES, CHANNELS], then ΣΔ [.., A_GROUPS, CHANNELS].
// `ssm`: A_log [A_GROUPS, CHANNELS, STATES], and from D_AT on D [groups, CHANNELS].

fn a_of(g: u32, c: u32, n: u32) -> f32 { return -exp(ssm[(g * CHANNELSu + c) * STATESu + n]); }

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * STATESu + n) * CHANNELSu + c; }
fn sum_at(block: u32, g: u32, c: u32) -> u32 {
  return BLOCKSu * STATESu * CHANNELSu + (block * A_GROUPSu + g) * CHANNELSu + c;
}

#if GATED
fn silu(s: f32) -> f32 { return s / (1.0 + exp(-s)); }
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let c = workgroup.x * 64u + index;
  if (c >= CHANNELSu) { return; }
#if CARRY
  let sequence = workgroup.y;
  let n = workgroup.z;
#if STATE_IN
  var h = h0[state_at(sequence, n, c)];
#else
  var h = 0.0;
#end
  for (var chunk = 0u; chunk < CHUNKSu; chunk++) {
    let block = sequence * CHUNKSu + chunk;
    carry[state_at(block, n, c)] = h;
#if MANY
#if STATE_OUT
    {
#else
    if (chunk + 1u < CHUNKSu) {
#end
#if RESET
      // A ΣΔ below 0 marks a chunk in which a document begins: nothing passes it.
      if (scratch[sum_at(block, 0u, c)] < 0.0) {
        h = scratch[state_at(block, n, c)];
        continue;
      }
#end
      var exponent = 0.0;
      for (var g = 0u; g < A_GROUPSu; g++) { exponent += a_of(g, c, n) * scratch[sum_at(block, g, c)]; }
      h = exp(exponent) * h + scratch[state_at(block, n, c)];
    }
#end
  }
#if STATE_OUT
  h_end[state_at(sequence, n, c)] = h;
#end
#else
  let block = workgroup.y;
  let chunk = block % CHUNKSu;
#if LOCAL
#if STATE_OUT
  // The last chunk too: its final state is an output.
#else
  if (chunk + 1u == CHUNKSu) { return; }
#end
  var sums: array<f32, A_GROUPS>;
#if RESET
  var cut = false;
#end
#end
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let end = first + min(CHUNKu, LENGTHu - chunk * CHUNKu);
  var h: array<f32, STATES>;
  var a: array<f32, A_STATES>;
  for (var n = 0u; n < STATESu; n++) {
    for (var g = 0u; g < A_GROUPSu; g++) { a[g * STATESu + n] = a_of(g, c, n); }
#if REPLAY
    h[n] = carry[state_at(block, n, c)];
#end
  }
  for (var row = first; row < end; row++) {
    let step_size = delta[at_delta(row, c)];
    let value = u[at_u(row, c)];
    let g = group_a(row);
#if RESET
    if (begins(row)) {
      for (var n = 0u; n < STATESu; n++) { h[n] = 0.0; }
#if LOCAL
      cut = true;
#end
    }
#end
#if LOCAL
    sums[g] += step_size;
#else
    var y_here = ssm[D_ATu + group_d(row) * CHANNELSu + c] * value;
#end
    for (var n = 0u; n < STATESu; n++) {
      h[n] = exp(step_size * a[g * STATESu + n]) * h[n] + step_size * value * B_at(row, n);
#if REPLAY
      y_here += C_at(row, n) * h[n];
#end
    }
#if REPLAY
#if GATED
    y_here *= silu(z[at_z(row, c)]);
#end
    y[at_y(row, c)] = y_here;
#end
  }
#if LOCAL
#if RESET
  if (cut) { sums[0] = -1.0; }
#end
  for (var n = 0u; n < STATESu; n++) { scratch[state_at(block, n, c)] = h[n]; }
  for (var g = 0u; g < A_GROUPSu; g++) { scratch[sum_at(block, g, c)] = sums[g]; }
#end
#end
}
