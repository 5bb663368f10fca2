// What REPLAY of scan_gradient.wgsl computes, for subgroups of 32, 16 states, and one copy of A and D: a workgroup is a
// subgroup of 32 channels, and what a channel holds are vectors of four states. The 32 sums over channels by B and C come
// about by passing halves on. (h before each position of a run in workgroup memory was slower on an H100: 2.8 ms instead
// of 2.1 at 1536 channels and 16 384 positions.)

fn a_of(c: u32, q: u32) -> vec4<f32> {
  let at = c * 16u + 4u * q;
  return -exp(vec4(ssm[at], ssm[at + 1u], ssm[at + 2u], ssm[at + 3u]));
}

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * 16u + n) * CHANNELSu + c; }

fn carried(block: u32, q: u32, c: u32) -> vec4<f32> {
  let at = state_at(block, 4u * q, c);
  return vec4(carry[at], carry[at + CHANNELSu], carry[at + 2u * CHANNELSu], carry[at + 3u * CHANNELSu]);
}

fn entering(block: u32, q: u32, c: u32) -> vec4<f32> {
#if MANY
  let at = state_at(block, 4u * q, c);
  return vec4(scratch[at], scratch[at + CHANNELSu], scratch[at + 2u * CHANNELSu], scratch[at + 3u * CHANNELSu]);
#else
  return vec4<f32>();
#end
}

#if GATED
fn sigmoid(s: f32) -> f32 { return 1.0 / (1.0 + exp(-s)); }
#end

struct Made {
  incoming: vec4<f32>,
  by_b: vec4<f32>,
  by_c: vec4<f32>,
  da: vec4<f32>,
  y: f32,
  by_input: f32,
  by_decay: f32,
}

/// Four states of a position: their shares of its gradients, and what they send to the position before.
fn backward(
  held_before: vec4<f32>, incoming: vec4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>,
  step_size: f32, value: f32, d: f32,
) -> Made {
  let decay = exp(step_size * a);
  let held = decay * held_before;
  let state = held + (step_size * value) * b;
  let slope = incoming + d * c;
  let flow = slope * a * held;
  return Made(
    slope * decay,
    (step_size * value) * slope,
    d * state,
    step_size * flow,
    dot(c, state),
    dot(slope, b),
    flow.x + flow.y + flow.z + flow.w,
  );
}

fn exchange(low: vec4<f32>, high: vec4<f32>, distance: u32, upper: bool) -> vec4<f32> {
  return select(low, high, upper) + subgroupShuffleXor(select(high, low, upper), distance);
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let block = workgroup.y;
  // A lane beyond the last channel repeats that one, adds nothing and writes nothing.
  let inside = workgroup.x * 32u + lane < CHANNELSu;
  let c = min(workgroup.x * 32u + lane, CHANNELSu - 1u);
  let chunk = block % CHUNKSu;
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
  let skip = ssm[D_ATu + c];
  let a0 = a_of(c, 0u);
  let a1 = a_of(c, 1u);
  let a2 = a_of(c, 2u);
  let a3 = a_of(c, 3u);
  var h0 = carried(block, 0u, c);
  var h1 = carried(block, 1u, c);
  var h2 = carried(block, 2u, c);
  var h3 = carried(block, 3u, c);
  var incoming0 = select(vec4<f32>(), entering(block, 0u, c), inside);
  var incoming1 = select(vec4<f32>(), entering(block, 1u, c), inside);
  var incoming2 = select(vec4<f32>(), entering(block, 2u, c), inside);
  var incoming3 = select(vec4<f32>(), entering(block, 3u, c), inside);
  var da0 = vec4<f32>();
  var da1 = vec4<f32>();
  var da2 = vec4<f32>();
  var da3 = vec4<f32>();
  var dd = 0.0;
  // h before each run of SUB positions, and before each position of the present run.
  var starts: array<vec4<f32>, STARTS>;
  var before: array<vec4<f32>, BEFORE>;
  for (var t = 0u; t < size; t++) {
    if (t % SUBu == 0u) {
      let at = (t / SUBu) * 4u;
      starts[at] = h0;
      starts[at + 1u] = h1;
      starts[at + 2u] = h2;
      starts[at + 3u] = h3;
    }
    let row = first + t;
    let step_size = delta[at_delta(row, c)];
    let input = step_size * u[at_u(row, c)];
#if RESET
    let kept = select(1.0, 0.0, begins(row));
#else
    let kept = 1.0;
#end
    h0 = exp(step_size * a0) * (kept * h0) + input * B_at(row, 0u);
    h1 = exp(step_size * a1) * (kept * h1) + input * B_at(row, 1u);
    h2 = exp(step_size * a2) * (kept * h2) + input * B_at(row, 2u);
    h3 = exp(step_size * a3) * (kept * h3) + input * B_at(row, 3u);
  }
  for (var run = (size + SUBu - 1u) / SUBu; run > 0u; run--) {
    let run_first = (run - 1u) * SUBu;
    let run_size = min(SUBu, size - run_first);
    h0 = starts[4u * (run - 1u)];
    h1 = starts[4u * (run - 1u) + 1u];
    h2 = starts[4u * (run - 1u) + 2u];
    h3 = starts[4u * (run - 1u) + 3u];
    for (var t = 0u; t < run_size; t++) {
      let row = first + run_first + t;
      let step_size = delta[at_delta(row, c)];
      let input = step_size * u[at_u(row, c)];
#if RESET
      let kept = select(1.0, 0.0, begins(row));
#else
      let kept = 1.0;
#end
      h0 *= kept;
      h1 *= kept;
      h2 *= kept;
      h3 *= kept;
      let at = t * 4u;
      before[at] = h0;
      before[at + 1u] = h1;
      before[at + 2u] = h2;
      before[at + 3u] = h3;
      h0 = exp(step_size * a0) * h0 + input * B_at(row, 0u);
      h1 = exp(step_size * a1) * h1 + input * B_at(row, 1u);
      h2 = exp(step_size * a2) * h2 + input * B_at(row, 2u);
      h3 = exp(step_size * a3) * h3 + input * B_at(row, 3u);
    }
    for (var left = run_size; left > 0u; left--) {
      let t = left - 1u;
      let row = first + run_first + t;
      let step_size = delta[at_delta(row, c)];
      let value = u[at_u(row, c)];
      let outer = select(0.0, dy[at_dy(row, c)], inside);
#if GATED
      let gate = z[at_z(row, c)];
      let p = sigmoid(gate);
      let d = outer * gate * p;
#else
      let d = outer;
#end
      let at = t * 4u;
      let made0 = backward(before[at], incoming0, a0, B_at(row, 0u), C_at(row, 0u), step_size, value, d);
      let made1 = backward(before[at + 1u], incoming1, a1, B_at(row, 1u), C_at(row, 1u), step_size, value, d);
      let made2 = backward(before[at + 2u], incoming2, a2, B_at(row, 2u), C_at(row, 2u), step_size, value, d);
      let made3 = backward(before[at + 3u], incoming3, a3, B_at(row, 3u), C_at(row, 3u), step_size, value, d);
#if RESET
      // Nothing flows into the document before.
      let passes = select(1.0, 0.0, begins(row));
#else
      let passes = 1.0;
#end
      incoming0 = passes * made0.incoming;
      incoming1 = passes * made1.incoming;
      incoming2 = passes * made2.incoming;
      incoming3 = passes * made3.incoming;
      da0 += made0.da;
      da1 += made1.da;
      da2 += made2.da;
      da3 += made3.da;
      dd += d * value;
      let by_input = (made0.by_input + made1.by_input) + (made2.by_input + made3.by_input);
      let by_decay = (made0.by_decay + made1.by_decay) + (made2.by_decay + made3.by_decay);
      if (inside) {
        du[at_du(row, c)] = d * skip + step_size * by_input;
        ddelta[at_ddelta(row, c)] = value * by_input + by_decay;
#if GATED
        let y = skip * value + ((made0.y + made1.y) + (made2.y + made3.y));
        dz[at_dz(row, c)] = outer * y * p * (1.0 + gate * (1.0 - p));
#end
      }
      // Lane i ends with sum i of the 16 by B and the 16 by C: in each step it keeps half of what it has.
      let half0 = exchange(made0.by_b, made0.by_c, 16u, (lane & 16u) != 0u);
      let half1 = exchange(made1.by_b, made1.by_c, 16u, (lane & 16u) != 0u);
      let half2 = exchange(made2.by_b, made2.by_c, 16u, (lane & 16u) != 0u);
      let half3 = exchange(made3.by_b, made3.by_c, 16u, (lane & 16u) != 0u);
      let quarter0 = exchange(half0, half2, 8u, (lane & 8u) != 0u);
      let quarter1 = exchange(half1, half3, 8u, (lane & 8u) != 0u);
      let four = exchange(quarter0, quarter1, 4u, (lane & 4u) != 0u);
      let odd = (lane & 2u) != 0u;
      let two = select(four.xy, four.zw, odd) + subgroupShuffleXor(select(four.zw, four.xy, odd), 2u);
      let last = (lane & 1u) != 0u;
      let sum = select(two.x, two.y, last) + subgroupShuffleXor(select(two.y, two.x, last), 1u);
      scratch[SUMS_ATu + (workgroup.x * ROWSu + row) * 32u + lane] = sum;
    }
  }
  if (!inside) { return; }
  let at = WEIGHTS_ATu + block * 17u * CHANNELSu;
  for (var n = 0u; n < 4u; n++) {
    scratch[at + c * 16u + n] = da0[n];
    scratch[at + c * 16u + 4u + n] = da1[n];
    scratch[at + c * 16u + 8u + n] = da2[n];
    scratch[at + c * 16u + 12u + n] = da3[n];
  }
  scratch[at + 16u * CHANNELSu + c] = dd;
}
