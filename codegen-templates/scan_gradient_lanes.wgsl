// What LOCAL and REPLAY of scan_gradient.wgsl compute, for subgroups of 32, 16 states, and one copy of A and D: a workgroup
// is a subgroup of 32 channels. Lanes exchange half of their numbers in each step of the 32 sums over channels by B and C.
// Positions are processed four at a time, unrolled, so that values stay in registers between the two passes. (With four
// states per lane instead of sixteen, more subgroups fit, but each number of a channel is computed four times: 1.45 ms
// instead of 1.23 at 1536 channels and 16 384 positions on an H100.)

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
/// Four states of a position: their shares of its gradients, and the gradient for the position before.
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

/// The gradient that flows from a position to the one before it, and the sums over positions.
struct Flow {
  incoming: States,
  da: States,
  dd: f32,
}

/// A lane: its index, its channel, its block of channels, and whether the channel is its own.
struct Worker {
  lane: u32,
  c: u32,
  block: u32,
  inside: bool,
}

/// Computes the gradients of a position from h before it.
fn settle(flow: Flow, p: Place, before: States, outer: f32, gate: f32, a: States, a2: States, skip: f32, who: Worker) -> Flow {
  let row = p.row;
  let c = who.c;
#if GATED
  let share = sigmoid(gate);
  let d = outer * gate * share;
#else
  let d = outer;
#end
#repeat Q 4
  let made#{Q} = backward(before.q#{Q}, flow.incoming.q#{Q}, a.q#{Q}, a2.q#{Q}, B_at(row, Qu), C_at(row, Qu), p.step_size, p.value, d);
#end
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
  // Lane i ends with sum i of the 16 by B and the 16 by C: in each step it keeps half of its numbers.
  let lane = who.lane;
  #repeat Q 4: let half#{Q} = exchange(made#{Q}.by_b, made#{Q}.by_c, 16u, (lane & 16u) != 0u);
  #repeat Q 2: let quarter#{Q} = exchange(half#{Q}, half#{Q + 2}, 8u, (lane & 8u) != 0u);
  let four = exchange(quarter0, quarter1, 4u, (lane & 4u) != 0u);
  let odd = (lane & 2u) != 0u;
  let two = select(four.xy, four.zw, odd) + subgroupShuffleXor(select(four.zw, four.xy, odd), 2u);
  let last = (lane & 1u) != 0u;
  let sum = select(two.x, two.y, last) + subgroupShuffleXor(select(two.y, two.x, last), 1u);
  if (p.counts) { scratch[SUMS_ATu + (who.block * ROWSu + row) * 32u + lane] = sum; }
  return Flow(
    // No gradient flows into the previous document.
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
    #repeat I 4: let p#{I} = place(first, t#{+ I}, size, c);
    #repeat I 4: h = advance(keep(h, p#{I}.kept), p#{I}, a2);
  }
  for (var fours = (size + 3u) / 4u; fours > 0u; fours--) {
    let t = (fours - 1u) * 4u;
    #repeat I 4: let p#{I} = place(first, t#{+ I}, size, c);
    #repeat I 4: let outer#{I} = outer_at(p#{I}, c, inside);
    #repeat I 4: let gate#{I} = gate_at(p#{I}, c);
    let before0 = keep(starts[fours - 1u], p0.kept);
    #repeat I 3: let before#{I + 1} = keep(advance(before#{I}, p#{I}, a2), p#{I + 1}.kept);
    #repeat I 4: flow = settle(flow, p#{3 - I}, before#{3 - I}, outer#{3 - I}, gate#{3 - I}, a, a2, skip, who);
  }
  if (!inside) { return; }
  let at = WEIGHTS_ATu + block * 17u * CHANNELSu;
  for (var n = 0u; n < 4u; n++) {
    #repeat Q 4: scratch[at + c * 16u#{+ 4 * Q} + n] = flow.da.q#{Q}[n];
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
    #repeat I 4: let p#{I} = place(first, t#{+ I}, size, c);
    #repeat I 4: let d#{I} = before_gate(outer_at(p#{I}, c, true), gate_at(p#{I}, c));
    #repeat I 4: reaching = retreat(reaching, p#{3 - I}, d#{3 - I}, a);
    sum += (p0.step_size + p1.step_size) + (p2.step_size + p3.step_size);
#if RESET
    uncut *= p0.kept * p1.kept * p2.kept * p3.kept;
#end
  }
#if RESET
  sum = select(sum, -1.0, uncut == 0.0);
#end
  for (var n = 0u; n < 4u; n++) {
    #repeat Q 4: scratch[state_at(block, n#{+ 4 * Q}, c)] = reaching.q#{Q}[n];
  }
  scratch[sum_at(block, c)] = sum;
}
#end
