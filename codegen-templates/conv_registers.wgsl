// What conv.wgsl computes, for adapters that run on a CPU and one copy of the weights: these and the window stay in
// registers, because the loops over them are unrolled.

#if SILU
fn sigmoid(s: f32) -> f32 { return 1.0 / (1.0 + exp(-s)); }
fn activate(s: f32) -> f32 { return s * sigmoid(s); }
fn slope(s: f32) -> f32 {
  let p = sigmoid(s);
  return p * (1.0 + s * (1.0 - p));
}
#else
fn activate(s: f32) -> f32 { return s; }
fn slope(s: f32) -> f32 { return 1.0; }
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let c = workgroup.x * 64u + index;
  if (c >= CHANNELSu) { return; }
  let sequence = workgroup.y / RUNSu;
  let first = (workgroup.y % RUNSu) * SPANu;
  let end = min(first + SPANu, LENGTHu);
  let base = sequence * LENGTHu;
  var taps: array<f32, WIDTH>;
#repeat K WIDTH
  taps[Ku] = weight[c * WIDTHu + Ku];
#end
  let shift = bias[c];
  // The last WIDTH inputs, oldest first.
#if RESET
  // Those of earlier documents are 0.
#end
  var window: array<f32, WIDTH>;
#repeat K LAST
  if (first >= LASTu - Ku) { window[Ku + 1u] = x[at_x(base + first - (LASTu - Ku), c)]; }
#if TAIL
  // Before the sequence: the tail has its WIDTH − 1 last inputs.
  else { window[Ku + 1u] = tail[at_tail((sequence + 1u) * LASTu + first - (LASTu - Ku), c)]; }
#end
#if RESET
  if (first >= LASTu - Ku && begins(base + first - (LASTu - Ku))) {
#repeat O K
    window[Ou + 1u] = 0.0;
#end
  }
#end
#end
#if GRAD
  // Slopes times dy of the last WIDTH positions, oldest first.
  var d: array<f32, WIDTH>;
#if RESET
  // The documents of those positions, counted from the first position on: only positions of the same document add to a dx.
  var documents: array<u32, WIDTH>;
#end
  var dweights: array<f32, WIDTH>;
  var dbias = 0.0;
  // Positions after the run are needed for dx of its last ones; before it, for nothing.
  for (var t = first; t < end + LASTu; t++) {
#repeat K LAST
    window[Ku] = window[Ku + 1u];
    d[Ku] = d[Ku + 1u];
#if RESET
    documents[Ku] = documents[Ku + 1u];
#end
#end
    d[LASTu] = 0.0;
    if (t < LENGTHu) {
      window[LASTu] = x[at_x(base + t, c)];
#if RESET
      if (begins(base + t)) {
        documents[LASTu]++;
#repeat K LAST
        window[Ku] = 0.0;
#end
      }
#end
      var s = shift;
#repeat K WIDTH
      s += taps[Ku] * window[Ku];
#end
      d[LASTu] = dy[at_dy(base + t, c)] * slope(s);
      if (t < end) {
        dbias += d[LASTu];
#repeat K WIDTH
        dweights[Ku] += d[LASTu] * window[Ku];
#end
      }
    }
    // Position t − (WIDTH − 1) is now complete: it was tap WIDTH − 1 − j of the position j after it.
    if (t >= first + LASTu) {
      var sum = 0.0;
#repeat J WIDTH
#if RESET
      sum += select(0.0, d[Ju] * taps[LASTu - Ju], documents[Ju] == documents[0]);
#else
      sum += d[Ju] * taps[LASTu - Ju];
#end
#end
      dx[at_dx(base + t - LASTu, c)] = sum;
    }
  }
  let at = workgroup.y * (WIDTHu + 1u) * CHANNELSu;
#repeat K WIDTH
  partial[at + c * WIDTHu + Ku] = dweights[Ku];
#end
  partial[at + WIDTHu * CHANNELSu + c] = dbias;
#else
  for (var t = first; t < end; t++) {
#repeat K LAST
    window[Ku] = window[Ku + 1u];
#end
    window[LASTu] = x[at_x(base + t, c)];
#if RESET
    if (begins(base + t)) {
#repeat K LAST
      window[Ku] = 0.0;
#end
    }
#end
    var s = shift;
#repeat K WIDTH
    s += taps[Ku] * window[Ku];
#end
    y[at_y(base + t, c)] = activate(s);
  }
#if TAIL_OUT
  if (end == LENGTHu) {
#repeat K LAST
    tail_out[at_tail_out(sequence * LASTu + Ku, c)] = window[Ku + 1u];
#end
  }
#end
#end
}
