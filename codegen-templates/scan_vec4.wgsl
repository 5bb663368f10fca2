// What LOCAL and REPLAY of scan.wgsl compute, for GPUs, 16 states, and one copy of A and D: a channel an invocation.

#include scan_states

/// h after a position, from h before it; `a` is A·log2(e).
fn advance(h: States, p: Place, a: States) -> States {
  let s = p.step_size;
  let input = s * p.value;
  return States(
    #repeat Q 4: exp2(s * a.q#{Q}) * h.q#{Q} + input * B_at(p.row, Qu),
  );
}

fn four_of(block: u32, q: u32, c: u32) -> vec4<f32> {
#if REPLAY
  let at = state_at(block, 4u * q, c);
  return vec4(carry[at], carry[at + CHANNELSu], carry[at + 2u * CHANNELSu], carry[at + 3u * CHANNELSu]);
#else
  return vec4<f32>();
#end
}

#if REPLAY
fn leave(p: Place, h: States, skip: f32, gate: f32, c: u32) {
  if (!p.counts) { return; }
  var sum = skip * p.value + ((dot(C_at(p.row, 0u), h.q0) + dot(C_at(p.row, 1u), h.q1)) + (dot(C_at(p.row, 2u), h.q2) + dot(C_at(p.row, 3u), h.q3)));
#if GATED
  sum *= gate / (1.0 + exp(-gate));
#end
  y[at_y(p.row, c)] = sum;
}

fn gate_at(p: Place, c: u32) -> f32 {
#if GATED
  return z[at_z(p.row, c)];
#else
  return 0.0;
#end
}
#end

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let c = workgroup.x * 64u + index;
  if (c >= CHANNELSu) { return; }
  let block = workgroup.y;
  let chunk = block % CHUNKSu;
#if LOCAL
#if STATE_OUT
  // The last chunk too: its final state is an output.
#else
  if (chunk + 1u == CHUNKSu) { return; }
#end
  var sum = 0.0;
#if RESET
  var uncut = 1.0;
#end
#else
  let skip = ssm[D_ATu + c];
#end
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
  let a = binary(a_of(c));
  var h = States(four_of(block, 0u, c), four_of(block, 1u, c), four_of(block, 2u, c), four_of(block, 3u, c));
  for (var t = 0u; t < size; t += 4u) {
    #repeat I 4: let p#{I} = place(first, t#{+ I}, size, c);
#if REPLAY
    #repeat I 4: let gate#{I} = gate_at(p#{I}, c);
#end
#repeat I 4
    h = advance(keep(h, p#{I}.kept), p#{I}, a);
#if REPLAY
    leave(p#{I}, h, skip, gate#{I}, c);
#end
#end
#if LOCAL
    sum += (p0.step_size + p1.step_size) + (p2.step_size + p3.step_size);
#if RESET
    uncut *= p0.kept * p1.kept * p2.kept * p3.kept;
#end
#end
  }
#if LOCAL
#if RESET
  // A ΣΔ below 0 marks a chunk in which a document begins.
  sum = select(sum, -1.0, uncut == 0.0);
#end
  for (var n = 0u; n < 4u; n++) {
    #repeat Q 4: scratch[state_at(block, n#{+ 4 * Q}, c)] = h.q#{Q}[n];
  }
  scratch[sum_at(block, c)] = sum;
#end
}
