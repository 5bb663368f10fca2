// What LOCAL and REPLAY of scan.wgsl compute, for CPU adapters with subgroups, one copy of A and D, and a multiple
// of four states: a quad has four channels, and each of its lanes loads one of every four numbers of B and C for all of them.
// States stay in registers, because the loops over them are unrolled.

fn a_of(c: u32, n: u32) -> f32 { return -exp(ssm[c * STATESu + n]); }

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * STATESu + n) * CHANNELSu + c; }

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  // A lane beyond the last channel repeats that one, and writes nothing.
  let inside = workgroup.x * 8u + index < CHANNELSu;
  let c = min(workgroup.x * 8u + index, CHANNELSu - 1u);
  let block = workgroup.y;
  let chunk = block % CHUNKSu;
#if LOCAL
#if STATE_OUT
  // The last chunk too: its final state is an output.
#else
  if (chunk + 1u == CHUNKSu) { return; }
#end
  var total = 0.0;
#if RESET
  var cut = false;
#end
#else
  let skip = ssm[D_ATu + c];
#end
  let first = (block / CHUNKSu) * LENGTHu + chunk * CHUNKu;
  let end = first + min(CHUNKu, LENGTHu - chunk * CHUNKu);
  var a: array<f32, STATES>;
  var h: array<f32, STATES>;
#repeat N STATES
  a[Nu] = a_of(c, Nu);
#if REPLAY
  h[Nu] = carry[state_at(block, Nu, c)];
#end
#end
  for (var row = first; row < end; row++) {
    let step_size = delta[at_delta(row, c)];
    let value = u[at_u(row, c)];
    let input = step_size * value;
#if RESET
    if (begins(row)) {
#repeat N STATES
      h[Nu] = 0.0;
#end
#if LOCAL
      cut = true;
#end
    }
#end
#if LOCAL
    total += step_size;
#else
    var y_here = skip * value;
#end
#repeat Q STATE_VEC4S
    {
      let four_b = B_at(row, 4u * Qu + lane);
#if REPLAY
      let four_c = C_at(row, 4u * Qu + lane);
#end
#repeat N 4
      h[4u * Qu + Nu] = exp(step_size * a[4u * Qu + Nu]) * h[4u * Qu + Nu] + input * quadBroadcast(four_b, Nu);
#if REPLAY
      y_here += quadBroadcast(four_c, Nu) * h[4u * Qu + Nu];
#end
#end
    }
#end
#if REPLAY
#if GATED
    let gate = z[at_z(row, c)];
    y_here *= gate / (1.0 + exp(-gate));
#end
    if (inside) { y[at_y(row, c)] = y_here; }
#end
  }
#if LOCAL
  if (!inside) { return; }
#if RESET
  if (cut) { total = -1.0; }
#end
#repeat N STATES
  scratch[state_at(block, Nu, c)] = h[Nu];
#end
  scratch[BLOCKSu * STATESu * CHANNELSu + block * CHANNELSu + c] = total;
#end
}
