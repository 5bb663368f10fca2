// What LOCAL and REPLAY of scan_gradient.wgsl compute, for subgroups of 32, 16 states, and one copy of A and D: a workgroup
// is a subgroup of 32 channels. In REPLAY, each lane of a quad has four of the states of the quad's four channels, so B and C are
// loaded once for four channels, and sums over channels are short. What belongs to a channel alone is computed by its own lane.
// Positions are processed four at a time, unrolled, so that values stay in registers between the two passes.

#include scan_states

#if DELTA_SLOPE
#include softplus_slope
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
const ln_2 = 0.6931471805599453;

/// The numbers that the four lanes of a quad have of their channels.
fn spread(own: f32) -> vec4<f32> {
  return vec4(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

/// Sums over the lanes of a quad: each lane keeps that of its own channel.
fn gather(all: vec4<f32>, lane: u32) -> f32 {
  let upper = (lane & 2u) != 0u;
  let two = select(all.xy, all.zw, upper) + subgroupShuffleXor(select(all.zw, all.xy, upper), 2u);
  let odd = (lane & 1u) != 0u;
  return select(two.x, two.y, odd) + subgroupShuffleXor(select(two.y, two.x, odd), 1u);
}

/// Sums over the eight quads of four numbers by B and four by C: each lane keeps one of them.
fn share(by_b: vec4<f32>, by_c: vec4<f32>, lane: u32) -> f32 {
  let upper = (lane & 16u) != 0u;
  let four = select(by_b, by_c, upper) + subgroupShuffleXor(select(by_c, by_b, upper), 16u);
  let second = (lane & 8u) != 0u;
  let two = select(four.xy, four.zw, second) + subgroupShuffleXor(select(four.zw, four.xy, second), 8u);
  let odd = (lane & 4u) != 0u;
  return select(two.x, two.y, odd) + subgroupShuffleXor(select(two.y, two.x, odd), 4u);
}

/// A lane's own channel, and the four channels of its quad.
struct Worker {
  lane: u32,
  c: u32,
  inside: bool,
  block: u32,
  channels: vec4<u32>,
  are_inside: vec4<bool>,
}

/// The step sizes of a position in the four channels, and the inputs times these.
struct Input {
  steps: vec4<f32>,
  values: vec4<f32>,
}
fn input_of(p: Place) -> Input { return Input(spread(p.step_size), spread(p.step_size * p.value)); }

/// Four states of four channels after a position; `a` is A·log2(e).
fn forward(h: States, row: u32, x: Input, a: States, q: u32) -> States {
  let b = B_at(row, q);
  return States(
    #repeat Q 4: exp2(x.steps * a.q#{Q}) * h.q#{Q} + x.values * b[Qu],
  );
}

/// The gradient that flows from a position to the one before it, and the sums over positions. `da` lacks its factor A.
struct Flow {
  incoming: States,
  da: States,
  dd: f32,
}

/// Computes the gradients of a position from h before and after it; `a` is A·log2(e), so that ln(2) · a is A.
fn settle(flow: Flow, p: Place, x: Input, before: States, after: States, outer: f32, gate: f32, a: States, skip: f32, who: Worker) -> Flow {
  let row = p.row;
  let q = who.lane & 3u;
#if GATED
  let open = sigmoid(gate);
  let d = outer * gate * open;
#else
  let d = outer;
#end
  let ds = spread(d);
  let b = B_at(row, q);
  let c = C_at(row, q);
#repeat Q 4
  let slope#{Q} = flow.incoming.q#{Q} + ds * c[Qu];
  let next#{Q} = slope#{Q} * exp2(x.steps * a.q#{Q});
  let flow#{Q} = next#{Q} * before.q#{Q};
#end
  let by_b = vec4(dot(x.values, slope0), dot(x.values, slope1), dot(x.values, slope2), dot(x.values, slope3));
  let by_c = vec4(dot(ds, after.q0), dot(ds, after.q1), dot(ds, after.q2), dot(ds, after.q3));
  let sum = share(by_b, by_c, who.lane);
  // Lanes keep b or c by their bit 16, the state of a quad by 8 and 4, and the quad of states by 2 and 1.
  let number = (who.lane & 16u) + 4u * q + ((who.lane >> 2u) & 3u);
  if (p.counts) { scratch[SUMS_ATu + ((who.c / 32u) * ROWSu + row) * 32u + number] = sum; }
  let by_input = gather((slope0 * b[0] + slope1 * b[1]) + (slope2 * b[2] + slope3 * b[3]), who.lane);
  let by_decay = ln_2 * gather((flow0 * a.q0 + flow1 * a.q1) + (flow2 * a.q2 + flow3 * a.q3), who.lane);
#if GATED
  let found = gather((after.q0 * c[0] + after.q1 * c[1]) + (after.q2 * c[2] + after.q3 * c[3]), who.lane);
#end
  if (who.inside && p.counts) {
    du[at_du(row, who.c)] = d * skip + p.step_size * by_input;
#if DELTA_SLOPE
    ddelta[at_ddelta(row, who.c)] = (p.value * by_input + by_decay) * softplus_slope(p.step_size);
#else
    ddelta[at_ddelta(row, who.c)] = p.value * by_input + by_decay;
#end
#if GATED
    let y = skip * p.value + found;
    dz[at_dz(row, who.c)] = outer * y * open * (1.0 + gate * (1.0 - open));
#end
  }
  return Flow(
    // No gradient flows into the previous document.
    keep(States(next0, next1, next2, next3), p.kept),
    States(
      #repeat Q 4: flow.da.q#{Q} + x.steps * flow#{Q},
    ),
    flow.dd + d * p.value,
  );
}

/// The quad's numbers of a state.
fn carried(who: Worker, n: u32) -> vec4<f32> {
  let at = vec4(state_at(who.block, n, 0u)) + who.channels;
  return vec4(carry[at.x], carry[at.y], carry[at.z], carry[at.w]);
}

fn entering(who: Worker, n: u32) -> vec4<f32> {
#if MANY
  let at = vec4(state_at(who.block, n, 0u)) + who.channels;
  return select(vec4<f32>(), vec4(scratch[at.x], scratch[at.y], scratch[at.z], scratch[at.w]), who.are_inside);
#else
  return vec4<f32>();
#end
}

fn rates(who: Worker, n: u32) -> vec4<f32> {
  let at = who.channels * 16u + n;
  return -log2_e * exp(vec4(ssm[at.x], ssm[at.y], ssm[at.z], ssm[at.w]));
}

@compute @workgroup_size(32)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
  let block = workgroup.y;
  // A lane beyond the last channel repeats that one, adds nothing and writes nothing.
  let inside = workgroup.x * 32u + lane < CHANNELSu;
  let c = min(workgroup.x * 32u + lane, CHANNELSu - 1u);
  let channels = workgroup.x * 32u + (lane & 28u) + vec4(0u, 1u, 2u, 3u);
  let who = Worker(lane, c, inside, block, min(channels, vec4(CHANNELSu - 1u)), channels < vec4(CHANNELSu));
  let chunk = block % CHUNKSu;
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
  let skip = ssm[D_ATu + c];
  let q = lane & 3u;
  let n = 4u * q;
  let a = States(
    #repeat Q 4: rates(who, n#{+ Q}),
  );
  var h = States(
    #repeat Q 4: carried(who, n#{+ Q}),
  );
  var flow = Flow(
    States(
      #repeat Q 4: entering(who, n#{+ Q}),
    ),
    States(),
    0.0,
  );
  // h before each four positions. The numbers of the next four load while these are worked on.
  var starts: array<States, STARTS>;
  #repeat I 4: var next#{I} = place(first, Iu, size, c);
  for (var t = 0u; t < size; t += 4u) {
    starts[t / 4u] = h;
    #repeat I 4: let p#{I} = next#{I};
    #repeat I 4: next#{I} = place(first, t#{+ I + 4}, size, c);
    #repeat I 4: h = forward(keep(h, p#{I}.kept), p#{I}.row, input_of(p#{I}), a, q);
  }
  for (var fours = (size + 3u) / 4u; fours > 0u; fours--) {
    let t = (fours - 1u) * 4u;
    #repeat I 4: let p#{I} = place(first, t#{+ I}, size, c);
    #repeat I 4: let outer#{I} = outer_at(p#{I}, c, inside);
    #repeat I 4: let gate#{I} = gate_at(p#{I}, c);
    #repeat I 4: let x#{I} = input_of(p#{I});
    let before0 = keep(starts[fours - 1u], p0.kept);
#repeat I 3
    let after#{I} = forward(before#{I}, p#{I}.row, x#{I}, a, q);
    let before#{I + 1} = keep(after#{I}, p#{I + 1}.kept);
#end
    let after3 = forward(before3, p3.row, x3, a, q);
    #repeat I 4: flow = settle(flow, p#{3 - I}, input_of(p#{3 - I}), before#{3 - I}, after#{3 - I}, outer#{3 - I}, gate#{3 - I}, a, skip, who);
  }
  let at = WEIGHTS_ATu + block * 17u * CHANNELSu;
#repeat K 4
  if (who.are_inside[Ku]) {
    #repeat Q 4: scratch[at + who.channels[Ku] * 16u + n#{+ Q}] = ln_2 * a.q#{Q}[Ku] * flow.da.q#{Q}[Ku];
  }
#end
  if (inside) { scratch[at + 16u * CHANNELSu + c] = flow.dd; }
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
  // The numbers of the four positions before load while these are worked on.
  let last = (size - 1u) / 4u * 4u;
  #repeat I 4: var next#{I} = place(first, last#{+ I}, size, c);
  #repeat I 4: var outer#{I} = outer_at(next#{I}, c, true);
  #repeat I 4: var gate#{I} = gate_at(next#{I}, c);
  for (var fours = last / 4u + 1u; fours > 0u; fours--) {
    let t = (max(fours, 2u) - 2u) * 4u;
    #repeat I 4: let p#{I} = next#{I};
    #repeat I 4: let d#{I} = before_gate(outer#{I}, gate#{I});
    #repeat I 4: next#{I} = place(first, t#{+ I}, size, c);
    #repeat I 4: outer#{I} = outer_at(next#{I}, c, true);
    #repeat I 4: gate#{I} = gate_at(next#{I}, c);
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
