// What LOCAL and REPLAY of scan_gradient.wgsl compute, for subgroups of 32, 16 states, and one copy of A and D: a workgroup
// is a subgroup of 32 channels. The 32 sums over channels by B and C come about by passing halves on. What four positions
// hold between their two passes stays in registers, which is why all is written out by fours. (With four states a lane
// instead of sixteen, more subgroups fit, but each number by channel is made four times: 1.45 ms instead of 1.23 at 1536
// channels and 16 384 positions on an H100.)

#include scan_states

#if REPLAY
fn carried(block: u32, q: u32, c: u32) -> vec4<f32> {
  let at = state_at(block, 4u * q, c);
  return vec4(carry[at], carry[at + CHANNELSu], carry[at + 2u * CHANNELSu], carry[at + 3u * CHANNELSu]);
}

fn entering(block: u32, q: u32, c: u32, inside: bool) -> vec4<f32> {
#if MANY
  let at = state_at(block, 4u * q, c);
  let four = vec4(scratch[at], scratch[at + CHANNELSu], scratch[at + 2u * CHANNELSu], scratch[at + 3u * CHANNELSu]);
  return select(vec4<f32>(), four, inside);
#else
  return vec4<f32>();
#end
}
#end
#if GATED
fn sigmoid(s: f32) -> f32 { return 1.0 / (1.0 + exp(-s)); }
#end

fn gate_at(p: Place, c: u32) -> f32 {
#if GATED
  return z[at_z(p.row, c)];
#else
  return 0.0;
#end
}

/// The gradient by the output at a position that counts, else 0.
fn outer_at(p: Place, c: u32, inside: bool) -> f32 { return select(0.0, dy[at_dy(p.row, c)], p.counts && inside); }

/// The gradient by y before the gate.
fn before_gate(outer: f32, gate: f32) -> f32 {
#if GATED
  return outer * gate * sigmoid(gate);
#else
  return outer;
#end
}


#if REPLAY
/// Four states of a position: their shares of its gradients, and what they send to the position before.
struct Made {
  incoming: vec4<f32>,
  by_b: vec4<f32>,
  by_c: vec4<f32>,
  da: vec4<f32>,
  y: f32,
  by_input: f32,
  by_decay: f32,
}

fn backward(
  held_before: vec4<f32>, incoming: vec4<f32>, a: vec4<f32>, a2: vec4<f32>, b: vec4<f32>, c: vec4<f32>,
  step_size: f32, value: f32, d: f32,
) -> Made {
  let decay = exp2(step_size * a2);
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

/// What flows on from a position to the one before it, and what adds up over positions.
struct Flow {
  incoming: States,
  da: States,
  dd: f32,
}

/// Who computes: the lane, its channel, the channels' block, and whether the channel is one of its own.
struct Worker {
  lane: u32,
  c: u32,
  block: u32,
  inside: bool,
}

/// The gradients of a position, from h before it.
fn settle(flow: Flow, p: Place, before: States, outer: f32, gate: f32, a: States, a2: States, skip: f32, who: Worker) -> Flow {
  let row = p.row;
  let c = who.c;
#if GATED
  let share = sigmoid(gate);
  let d = outer * gate * share;
#else
  let d = outer;
#end
  let made0 = backward(before.q0, flow.incoming.q0, a.q0, a2.q0, B_at(row, 0u), C_at(row, 0u), p.step_size, p.value, d);
  let made1 = backward(before.q1, flow.incoming.q1, a.q1, a2.q1, B_at(row, 1u), C_at(row, 1u), p.step_size, p.value, d);
  let made2 = backward(before.q2, flow.incoming.q2, a.q2, a2.q2, B_at(row, 2u), C_at(row, 2u), p.step_size, p.value, d);
  let made3 = backward(before.q3, flow.incoming.q3, a.q3, a2.q3, B_at(row, 3u), C_at(row, 3u), p.step_size, p.value, d);
  let by_input = (made0.by_input + made1.by_input) + (made2.by_input + made3.by_input);
  let by_decay = (made0.by_decay + made1.by_decay) + (made2.by_decay + made3.by_decay);
  if (who.inside && p.counts) {
    du[at_du(row, c)] = d * skip + p.step_size * by_input;
    ddelta[at_ddelta(row, c)] = p.value * by_input + by_decay;
#if GATED
    let y = skip * p.value + ((made0.y + made1.y) + (made2.y + made3.y));
    dz[at_dz(row, c)] = outer * y * share * (1.0 + gate * (1.0 - share));
#end
  }
  // Lane i ends with sum i of the 16 by B and the 16 by C: in each step it keeps half of what it has.
  let lane = who.lane;
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
  if (p.counts) { scratch[SUMS_ATu + (who.block * ROWSu + row) * 32u + lane] = sum; }
  return Flow(
    // Nothing flows into the document before.
    keep(States(made0.incoming, made1.incoming, made2.incoming, made3.incoming), p.kept),
    States(flow.da.q0 + made0.da, flow.da.q1 + made1.da, flow.da.q2 + made2.da, flow.da.q3 + made3.da),
    flow.dd + d * p.value,
  );
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
  let a = a_of(c);
  let a2 = binary(a);
  let who = Worker(lane, c, workgroup.x, inside);
  var h = States(carried(block, 0u, c), carried(block, 1u, c), carried(block, 2u, c), carried(block, 3u, c));
  var flow = Flow(
    States(
      entering(block, 0u, c, inside), entering(block, 1u, c, inside),
      entering(block, 2u, c, inside), entering(block, 3u, c, inside),
    ),
    States(),
    0.0,
  );
  // h before each four positions.
  var starts: array<States, STARTS>;
  for (var t = 0u; t < size; t += 4u) {
    starts[t / 4u] = h;
    let p0 = place(first, t, size, c);
    let p1 = place(first, t + 1u, size, c);
    let p2 = place(first, t + 2u, size, c);
    let p3 = place(first, t + 3u, size, c);
    h = advance(keep(h, p0.kept), p0, a2);
    h = advance(keep(h, p1.kept), p1, a2);
    h = advance(keep(h, p2.kept), p2, a2);
    h = advance(keep(h, p3.kept), p3, a2);
  }
  for (var fours = (size + 3u) / 4u; fours > 0u; fours--) {
    let t = (fours - 1u) * 4u;
    let p0 = place(first, t, size, c);
    let p1 = place(first, t + 1u, size, c);
    let p2 = place(first, t + 2u, size, c);
    let p3 = place(first, t + 3u, size, c);
    let outer0 = outer_at(p0, c, inside);
    let outer1 = outer_at(p1, c, inside);
    let outer2 = outer_at(p2, c, inside);
    let outer3 = outer_at(p3, c, inside);
    let gate0 = gate_at(p0, c);
    let gate1 = gate_at(p1, c);
    let gate2 = gate_at(p2, c);
    let gate3 = gate_at(p3, c);
    let before0 = keep(starts[fours - 1u], p0.kept);
    let before1 = keep(advance(before0, p0, a2), p1.kept);
    let before2 = keep(advance(before1, p1, a2), p2.kept);
    let before3 = keep(advance(before2, p2, a2), p3.kept);
    flow = settle(flow, p3, before3, outer3, gate3, a, a2, skip, who);
    flow = settle(flow, p2, before2, outer2, gate2, a, a2, skip, who);
    flow = settle(flow, p1, before1, outer1, gate1, a, a2, skip, who);
    flow = settle(flow, p0, before0, outer0, gate0, a, a2, skip, who);
  }
  if (!inside) { return; }
  let at = WEIGHTS_ATu + block * 17u * CHANNELSu;
  for (var n = 0u; n < 4u; n++) {
    scratch[at + c * 16u + n] = flow.da.q0[n];
    scratch[at + c * 16u + 4u + n] = flow.da.q1[n];
    scratch[at + c * 16u + 8u + n] = flow.da.q2[n];
    scratch[at + c * 16u + 12u + n] = flow.da.q3[n];
  }
  scratch[at + 16u * CHANNELSu + c] = flow.dd;
}
#else
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let c = workgroup.x * 64u + index;
  if (c >= CHANNELSu) { return; }
  let block = workgroup.y;
  let chunk = block % CHUNKSu;
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
  let a = binary(a_of(c));
  var reaching = States();
  var sum = 0.0;
#if RESET
  var uncut = 1.0;
#end
  for (var fours = (size + 3u) / 4u; fours > 0u; fours--) {
    let t = (fours - 1u) * 4u;
    let p0 = place(first, t, size, c);
    let p1 = place(first, t + 1u, size, c);
    let p2 = place(first, t + 2u, size, c);
    let p3 = place(first, t + 3u, size, c);
    let d0 = before_gate(outer_at(p0, c, true), gate_at(p0, c));
    let d1 = before_gate(outer_at(p1, c, true), gate_at(p1, c));
    let d2 = before_gate(outer_at(p2, c, true), gate_at(p2, c));
    let d3 = before_gate(outer_at(p3, c, true), gate_at(p3, c));
    reaching = retreat(reaching, p3, d3, a);
    reaching = retreat(reaching, p2, d2, a);
    reaching = retreat(reaching, p1, d1, a);
    reaching = retreat(reaching, p0, d0, a);
    sum += (p0.step_size + p1.step_size) + (p2.step_size + p3.step_size);
#if RESET
    uncut *= p0.kept * p1.kept * p2.kept * p3.kept;
#end
  }
#if RESET
  sum = select(sum, -1.0, uncut == 0.0);
#end
  for (var n = 0u; n < 4u; n++) {
    scratch[state_at(block, n, c)] = reaching.q0[n];
    scratch[state_at(block, n + 4u, c)] = reaching.q1[n];
    scratch[state_at(block, n + 8u, c)] = reaching.q2[n];
    scratch[state_at(block, n + 12u, c)] = reaching.q3[n];
  }
  scratch[sum_at(block, c)] = sum;
}
#end
