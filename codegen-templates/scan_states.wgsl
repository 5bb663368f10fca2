// The sixteen states of a channel as four vectors, and how positions change them. Included by the scans.
// Positions are processed four at a time, so that their loads overlap. A position beyond the end has a step of 0 and
// changes nothing.

struct States {
  #repeat Q 4: q#{Q}: vec4<f32>,
}

struct Place {
  row: u32,
  counts: bool,
  step_size: f32,
  value: f32,
  /// 0 where a document begins, else 1.
  kept: f32,
}

// A, and A times log2(e): exp2 takes one multiplication fewer than exp.
fn a_four(at: u32) -> vec4<f32> { return -exp(vec4(ssm[at], ssm[at + 1u], ssm[at + 2u], ssm[at + 3u])); }
const log2_e = 1.4426950408889634;
fn binary(a: States) -> States { return States(log2_e * a.q0, log2_e * a.q1, log2_e * a.q2, log2_e * a.q3); }
fn a_of(c: u32) -> States {
  let at = c * 16u;
  return States(a_four(at), a_four(at + 4u), a_four(at + 8u), a_four(at + 12u));
}

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * 16u + n) * CHANNELSu + c; }
fn sum_at(block: u32, c: u32) -> u32 { return BLOCKSu * 16u * CHANNELSu + block * CHANNELSu + c; }

fn place(first: u32, t: u32, size: u32, c: u32) -> Place {
  let row = first + min(t, size - 1u);
  let counts = t < size;
#if RESET
  let kept = select(1.0, 0.0, counts && begins(row));
#else
  let kept = 1.0;
#end
#if RETREATS
  let value = 0.0;
#else
  let value = u[at_u(row, c)];
#end
  return Place(row, counts, select(0.0, delta[at_delta(row, c)], counts), value, kept);
}

fn keep(h: States, kept: f32) -> States {
#if RESET
  return States(kept * h.q0, kept * h.q1, kept * h.q2, kept * h.q3);
#else
  return h;
#end
}

#if RETREATS
/// The gradient by h before a position, from `g`, the one after it, and `d`, the gradient by y; `a` is A·log2(e).
fn retreat(g: States, p: Place, d: f32, a: States) -> States {
  let s = p.step_size;
  return keep(
    States(
      #repeat Q 4: exp2(s * a.q#{Q}) * (g.q#{Q} + d * C_at(p.row, Qu)),
    ),
    p.kept,
  );
}
#end
