// What scan.wgsl computes, for CPU adapters with subgroups, one copy of A, and a multiple of four states, in one dispatch: a
// quad has four channels of a sequence, from its start to its end, and each of its lanes loads one of every four numbers of
// B and C for all of them. States stay in registers, because the loops over them are unrolled.

fn a_of(c: u32, n: u32) -> f32 { return -exp(ssm[c * STATESu + n]); }

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * STATESu + n) * CHANNELSu + c; }

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  let sequence = workgroup.y;
#if WHOLE
  let c = workgroup.x * 8u + index;
  if (c >= CHANNELSu) { return; }
#else
  // A lane beyond the last channel repeats that one, and writes nothing.
  let inside = workgroup.x * 8u + index < CHANNELSu;
  let c = min(workgroup.x * 8u + index, CHANNELSu - 1u);
#end
#if ONE_D
  let skip = ssm[D_ATu + c];
#end
  var a: array<f32, STATES>;
  var h: array<f32, STATES>;
#repeat N STATES
  a[Nu] = a_of(c, Nu);
#if STATE_IN
  h[Nu] = h0[state_at(sequence, Nu, c)];
#end
#end
  for (var chunk = 0u; chunk < CHUNKSu; chunk++) {
#if WHOLE
    {
#else
    if (inside) {
#end
#repeat N STATES
      carry[state_at(sequence * CHUNKSu + chunk, Nu, c)] = h[Nu];
#end
    }
    let first = sequence * LENGTHu + chunk * CHUNKu;
    let end = first + min(CHUNKu, LENGTHu - chunk * CHUNKu);
    for (var row = first; row < end; row++) {
      let step_size = delta[at_delta(row, c)];
      let value = u[at_u(row, c)];
      let input = step_size * value;
#if RESET
      let fresh = begins(row);
#end
#if ONE_D
      var y_here = skip * value;
#else
      var y_here = ssm[D_ATu + group_d(row) * CHANNELSu + c] * value;
#end
#repeat Q STATE_VEC4S
      {
        let four_b = B_at(row, 4u * Qu + lane);
        let four_c = C_at(row, 4u * Qu + lane);
#repeat N 4
#if RESET
        h[4u * Qu + Nu] = select(h[4u * Qu + Nu], 0.0, fresh);
#end
        h[4u * Qu + Nu] = exp(step_size * a[4u * Qu + Nu]) * h[4u * Qu + Nu] + input * quadBroadcast(four_b, Nu);
        y_here += quadBroadcast(four_c, Nu) * h[4u * Qu + Nu];
#end
      }
#end
#if GATED
      let gate = z[at_z(row, c)];
      y_here *= gate / (1.0 + exp(-gate));
#end
#if WHOLE
      y[at_y(row, c)] = y_here;
#else
      if (inside) { y[at_y(row, c)] = y_here; }
#end
    }
  }
#if STATE_OUT
#if WHOLE
  {
#else
  if (inside) {
#end
#repeat N STATES
    h_end[state_at(sequence, Nu, c)] = h[Nu];
#end
  }
#end
}
