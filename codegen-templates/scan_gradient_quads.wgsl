// What scan_gradient.wgsl computes, for CPU adapters with subgroups, one copy of A and D, and a multiple of four states:
// a quad has four channels at a time, PER_BLOCK in total, and goes through a sequence from its last chunk to its first. Each
// lane loads one of every four numbers of B and C for all of them, and of every four sums over channels ends with one. What
// is recomputed of SUB positions stays in registers, because the loops over it are unrolled.

fn a_of(c: u32, n: u32) -> f32 { return -exp(ssm[c * STATESu + n]); }

fn state_at(block: u32, n: u32, c: u32) -> u32 { return (block * STATESu + n) * CHANNELSu + c; }

#if DELTA_SLOPE
#include softplus_slope
#end
#if GATED
fn sigmoid(s: f32) -> f32 { return 1.0 / (1.0 + exp(-s)); }
#end

/// Of the sums of four numbers over the quad, the one that this lane keeps.
fn total(numbers: vec4<f32>, lane: u32) -> f32 {
  let odd = (lane & 1u) != 0u;
  let two = select(numbers.xz, numbers.yw, odd) + quadSwapX(select(numbers.yw, numbers.xz, odd));
  let upper = (lane & 2u) != 0u;
  return select(two.x, two.y, upper) + quadSwapY(select(two.y, two.x, upper));
}

#if WHOLE
// The gradients of a sequence for a channel. `fresh` where the sums over channels begin.
fn replay(sequence: u32, c: u32, channel_block: u32, lane: u32, fresh: bool) {
#else
// The gradients of a sequence for a channel. `fresh` where the sums over channels begin. A lane beyond the last channel
// (`inside` is false) repeats that one, adds nothing and writes nothing.
fn replay(sequence: u32, c: u32, channel_block: u32, lane: u32, fresh: bool, inside: bool) {
#end
  let skip = ssm[D_ATu + c];
  var a: array<f32, STATES>;
  var da: array<f32, STATES>;
  var incoming: array<f32, STATES>;
  var dd = 0.0;
#repeat N STATES
  a[Nu] = a_of(c, Nu);
#end
  for (var later = CHUNKSu; later > 0u; later--) {
    let chunk = later - 1u;
    let first = sequence * LENGTHu + chunk * CHUNKu;
    let size = min(CHUNKu, LENGTHu - chunk * CHUNKu);
    let runs = (size + SUBu - 1u) / SUBu;
    var h: array<f32, STATES>;
#repeat N STATES
    h[Nu] = carry[state_at(sequence * CHUNKSu + chunk, Nu, c)];
#end
    // h before each run of SUB positions.
    var starts: array<f32, STARTS>;
    for (var run = 0u; run < runs; run++) {
#repeat N STATES
      starts[run * STATESu + Nu] = h[Nu];
#end
      if (run + 1u == runs) { break; }
#repeat T SUB
      {
        let row = first + run * SUBu + Tu;
        let step_size = delta[at_delta(row, c)];
        let input = step_size * u[at_u(row, c)];
#if RESET
        let kept = select(1.0, 0.0, begins(row));
#else
        let kept = 1.0;
#end
#repeat Q STATE_VEC4S
        {
          let four_b = B_at(row, 4u * Qu + lane);
#repeat N 4
          h[4u * Qu + Nu] = exp(step_size * a[4u * Qu + Nu]) * (kept * h[4u * Qu + Nu]) + input * quadBroadcast(four_b, Nu);
#end
        }
#end
      }
#end
    }
    for (var run = runs; run > 0u; run--) {
      let run_first = (run - 1u) * SUBu;
#repeat N STATES
      h[Nu] = starts[(run - 1u) * STATESu + Nu];
#end
      // h before each position of the run, and its decay there; positions beyond the run change nothing.
      var before: array<f32, BEFORE>;
      var decay: array<f32, BEFORE>;
      var step_sizes: array<f32, SUB>;
      var values: array<f32, SUB>;
      var fours_b: array<f32, SUB_VEC4S>;
#repeat T SUB
      {
#if RAGGED
        let exists = run_first + Tu < size;
        let row = first + min(run_first + Tu, size - 1u);
        step_sizes[Tu] = select(0.0, delta[at_delta(row, c)], exists);
#else
        let row = first + run_first + Tu;
        step_sizes[Tu] = delta[at_delta(row, c)];
#end
        values[Tu] = u[at_u(row, c)];
#if RESET
#if RAGGED
        let kept = select(1.0, 0.0, begins(row) && exists);
#else
        let kept = select(1.0, 0.0, begins(row));
#end
#else
        let kept = 1.0;
#end
#repeat Q STATE_VEC4S
        fours_b[Tu * STATE_VEC4Su + Qu] = B_at(row, 4u * Qu + lane);
#repeat N 4
        {
          let was = kept * h[4u * Qu + Nu];
          let by = exp(step_sizes[Tu] * a[4u * Qu + Nu]);
          before[Tu * STATESu + 4u * Qu + Nu] = was;
          decay[Tu * STATESu + 4u * Qu + Nu] = by;
          h[4u * Qu + Nu] = by * was + step_sizes[Tu] * values[Tu] * quadBroadcast(fours_b[Tu * STATE_VEC4Su + Qu], Nu);
        }
#end
#end
      }
#end
#repeat R SUB
      {
        const t = SUBu - 1u - Ru;
#if RAGGED
        let exists = run_first + t < size;
        let row = first + min(run_first + t, size - 1u);
#else
        const exists = true;
        let row = first + run_first + t;
#end
#if WHOLE
        let counts = exists;
#else
        let counts = inside && exists;
#end
        let step_size = step_sizes[t];
        let value = values[t];
        let input = step_size * value;
        let outer = select(0.0, dy[at_dy(row, c)], counts);
#if GATED
        let gate = z[at_z(row, c)];
        let p = sigmoid(gate);
        let d = outer * gate * p;
#else
        let d = outer;
#end
#if RESET
        // No gradient flows into the previous document.
        let passes = select(1.0, 0.0, begins(row) && exists);
#else
        let passes = 1.0;
#end
        let sums_at = SUMS_ATu + (channel_block * ROWSu + row) * 2u * STATESu + lane;
        var y_here = skip * value;
        var by_input = 0.0;
        var by_decay = 0.0;
        var sums: array<f32, SUM_VEC4S>;
        dd += d * value;
#repeat Q STATE_VEC4S
        {
          let four_b = fours_b[t * STATE_VEC4Su + Qu];
          let four_c = C_at(row, 4u * Qu + lane);
          var by_b: vec4<f32>;
          var by_c: vec4<f32>;
#repeat N 4
          {
            let b = quadBroadcast(four_b, Nu);
            let c_n = quadBroadcast(four_c, Nu);
            let by = decay[t * STATESu + 4u * Qu + Nu];
            let held = by * before[t * STATESu + 4u * Qu + Nu];
            let state = held + input * b;
            let slope = incoming[4u * Qu + Nu] + d * c_n;
            let flow = slope * a[4u * Qu + Nu] * held;
            y_here += c_n * state;
            by_input += slope * b;
            by_decay += flow;
            da[4u * Qu + Nu] += step_size * flow;
            incoming[4u * Qu + Nu] = passes * slope * by;
            by_b[Nu] = input * slope;
            by_c[Nu] = d * state;
          }
#end
          sums[2u * Qu] = total(by_b, lane);
          sums[2u * Qu + 1u] = total(by_c, lane);
        }
#end
#if RAGGED
        if (exists) {
#else
        {
#end
          if (!fresh) {
#repeat Q STATE_VEC4S
            sums[2u * Qu] += scratch[sums_at + 4u * Qu];
            sums[2u * Qu + 1u] += scratch[sums_at + STATESu + 4u * Qu];
#end
          }
#repeat Q STATE_VEC4S
          scratch[sums_at + 4u * Qu] = sums[2u * Qu];
          scratch[sums_at + STATESu + 4u * Qu] = sums[2u * Qu + 1u];
#end
        }
        if (counts) {
          du[at_du(row, c)] = d * skip + step_size * by_input;
#if DELTA_SLOPE
          ddelta[at_ddelta(row, c)] = (value * by_input + by_decay) * softplus_slope(step_size);
#else
          ddelta[at_ddelta(row, c)] = value * by_input + by_decay;
#end
#if GATED
          dz[at_dz(row, c)] = outer * y_here * p * (1.0 + gate * (1.0 - p));
#end
        }
      }
#end
    }
  }
#if WHOLE
#else
  if (!inside) { return; }
#end
  let at = WEIGHTS_ATu + sequence * (STATESu + 1u) * CHANNELSu;
#repeat N STATES
  scratch[at + c * STATESu + Nu] = da[Nu];
#end
  scratch[at + STATESu * CHANNELSu + c] = dd;
}

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let lane = index % 4u;
  let channel_block = workgroup.x * 2u + index / 4u;
  for (var i = 0u; i < PER_BLOCKu; i += 4u) {
    let c = channel_block * PER_BLOCKu + i + lane;
    // The same for all lanes of a quad.
    if (c - lane >= CHANNELSu) { break; }
#if WHOLE
    replay(workgroup.y, c, channel_block, lane, i == 0u);
#else
    replay(workgroup.y, min(c, CHANNELSu - 1u), channel_block, lane, i == 0u, c < CHANNELSu);
#end
  }
}
