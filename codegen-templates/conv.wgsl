// Depthwise causal convolution along each sequence, with bias and SiLU, and its backward, which recomputes what SiLU
// needs. An invocation has one channel (four in the forward kernel with `VEC4`) of a run of SPAN positions and slides a
// window of WIDTH along it.

#if VEC4
fn tap(g: u32, c: u32, k: u32) -> vec4<f32> {
  let at = (g * CHANNELSu + 4u * c) * WIDTHu + k;
  return vec4(weight[at], weight[at + WIDTHu], weight[at + 2u * WIDTHu], weight[at + 3u * WIDTHu]);
}
fn bias_of(g: u32, c: u32) -> vec4<f32> {
  let at = g * CHANNELSu + 4u * c;
  return vec4(bias[at], bias[at + 1u], bias[at + 2u], bias[at + 3u]);
}
#else
fn tap(g: u32, c: u32, k: u32) -> f32 { return weight[(g * CHANNELSu + c) * WIDTHu + k]; }
fn bias_of(g: u32, c: u32) -> f32 { return bias[g * CHANNELSu + c]; }
#end

#if SILU
fn sigmoid(s: NUMBER) -> NUMBER { return 1.0 / (1.0 + exp(-s)); }
fn activate(s: NUMBER) -> NUMBER { return s * sigmoid(s); }
fn slope(s: NUMBER) -> NUMBER {
  let p = sigmoid(s);
  return p * (1.0 + s * (1.0 - p));
}
#else
fn activate(s: NUMBER) -> NUMBER { return s; }
fn slope(s: NUMBER) -> NUMBER { return NUMBER(1.0); }
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let c = workgroup.x * 64u + index;
  if (c >= COLSu) { return; }
  let sequence = workgroup.y / RUNSu;
  let first = (workgroup.y % RUNSu) * SPANu;
  let end = min(first + SPANu, LENGTHu);
  let base = sequence * LENGTHu;
  // The last WIDTH inputs, oldest first.
#if RESET
  // Those of earlier documents are 0.
#end
  var window: array<NUMBER, WIDTH>;
  for (var k = 1u; k < WIDTHu; k++) {
    let back = WIDTHu - k;
    if (first >= back) { window[k] = x[at_x(base + first - back, c)]; }
#if TAIL
    // Before the sequence: the tail has its WIDTH − 1 last inputs.
    else { window[k] = tail[at_tail((sequence + 1u) * (WIDTHu - 1u) + first - back, c)]; }
#end
#if RESET
    if (first >= back && begins(base + first - back)) {
      for (var older = 1u; older < k; older++) { window[older] = NUMBER(); }
    }
#end
  }
#if GRAD
  // Slopes times dy of the last WIDTH positions, oldest first, and the groups of those positions.
  var d: array<NUMBER, WIDTH>;
  var groups: array<u32, WIDTH>;
#if RESET
  // The documents of those positions, counted from the first position on: only positions of the same document add to a dx.
  var documents: array<u32, WIDTH>;
#end
  var dweights: array<f32, TAPS>;
  var dbiases: array<f32, GROUPS>;
  // Positions after the run are needed for dx of its last ones; before it, for nothing.
  for (var t = first; t < end + WIDTHu - 1u; t++) {
    for (var k = 0u; k + 1u < WIDTHu; k++) {
      window[k] = window[k + 1u];
      d[k] = d[k + 1u];
      groups[k] = groups[k + 1u];
#if RESET
      documents[k] = documents[k + 1u];
#end
    }
    let last = WIDTHu - 1u;
    d[last] = NUMBER();
    groups[last] = 0u;
    if (t < LENGTHu) {
      let g = group(base + t);
      window[last] = x[at_x(base + t, c)];
#if RESET
      if (begins(base + t)) {
        documents[last]++;
        for (var k = 0u; k < last; k++) { window[k] = NUMBER(); }
      }
#end
      var s = bias_of(g, c);
      for (var k = 0u; k < WIDTHu; k++) { s += tap(g, c, k) * window[k]; }
      d[last] = dy[at_dy(base + t, c)] * slope(s);
      groups[last] = g;
      if (t < end) {
        dbiases[g] += d[last];
        for (var k = 0u; k < WIDTHu; k++) { dweights[g * WIDTHu + k] += d[last] * window[k]; }
      }
    }
    // Position t − (WIDTH − 1) is now complete: it was tap WIDTH − 1 − j of the position j after it.
    if (t >= first + last) {
      var sum = NUMBER();
#if RESET
      for (var j = 0u; j < WIDTHu; j++) {
        if (documents[j] == documents[0]) { sum += d[j] * tap(groups[j], c, last - j); }
      }
#else
      for (var j = 0u; j < WIDTHu; j++) { sum += d[j] * tap(groups[j], c, last - j); }
#end
      dx[at_dx(base + t - last, c)] = sum;
    }
  }
  let at = workgroup.y * (TAPSu + GROUPSu) * CHANNELSu;
  for (var g = 0u; g < GROUPSu; g++) {
    for (var k = 0u; k < WIDTHu; k++) {
      partial[at + (g * CHANNELSu + c) * WIDTHu + k] = dweights[g * WIDTHu + k];
    }
    partial[at + (TAPSu + g) * CHANNELSu + c] = dbiases[g];
  }
#else
  for (var t = first; t < end; t++) {
    for (var k = 0u; k + 1u < WIDTHu; k++) { window[k] = window[k + 1u]; }
    window[WIDTHu - 1u] = x[at_x(base + t, c)];
#if RESET
    if (begins(base + t)) {
      for (var k = 0u; k + 1u < WIDTHu; k++) { window[k] = NUMBER(); }
    }
#end
    let g = group(base + t);
    var s = bias_of(g, c);
    for (var k = 0u; k < WIDTHu; k++) { s += tap(g, c, k) * window[k]; }
    y[at_y(base + t, c)] = activate(s);
  }
#if TAIL_OUT
  if (end == LENGTHu) {
    for (var k = 1u; k < WIDTHu; k++) { tail_out[at_tail_out(sequence * (WIDTHu - 1u) + k - 1u, c)] = window[k]; }
  }
#end
#end
}
