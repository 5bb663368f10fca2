// Noise for the diffusion loss, four numbers of a row an invocation:
// Philox 4x32-10 at the counter (block of numbers, item, document, epoch), two Box–Muller pairs from its words.

fn multiply_high(a: u32, b: u32) -> u32 {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return a_high * b_high + (middle >> 16u) + (carry >> 16u);
}

fn philox(first_key: vec2<u32>, counter: vec4<u32>) -> vec4<u32> {
  var x = counter;
  var k = first_key;
  for (var round = 0u; round < 10u; round++) {
    let high = vec2(multiply_high(0xd2511f53u, x.x), multiply_high(0xcd9e8d57u, x.z));
    let low = vec2(0xd2511f53u * x.x, 0xcd9e8d57u * x.z);
    x = vec4(high.y ^ x.y ^ k.x, low.y, high.x ^ x.w ^ k.y, low.x);
    k += vec2(0x9e3779b9u, 0xbb67ae85u);
  }
  return x;
}

// A uniform number in [0, 1), a multiple of 2⁻²⁴.
fn unit(word: u32) -> f32 { return f32(word >> 8u) * 5.9604644775390625e-8; }

// (cos, sin) of a fraction of a turn in [0, 1): exact reduction to an eighth of a turn, then Taylor series; the
// built-in functions are off by 1e-4 on some adapters.
fn on_circle(turn: f32) -> vec2<f32> {
  let quarter = floor(4.0 * turn + 0.5);
  let angle = 6.283185307179586 * (turn - 0.25 * quarter);
  let a2 = angle * angle;
  let c = 1.0 - a2 * (0.5 - a2 * (0.041666668 - a2 * (0.0013888889 - a2 * 0.000024801587)));
  let s = angle * (1.0 - a2 * (0.16666667 - a2 * (0.008333334 - a2 * (0.00019841270 - a2 * 0.0000027557319))));
  switch u32(quarter) % 4u {
    case 0u: { return vec2(c, s); }
    case 1u: { return vec2(-s, c); }
    case 2u: { return vec2(-c, -s); }
    default: { return vec2(s, -c); }
  }
}

fn normals(first: u32, second: u32) -> vec2<f32> {
  return sqrt(-2.0 * log(unit(first) + 2.98023223876953125e-8)) * on_circle(unit(second));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= ROWSu * VEC4Su) { return; }
  let row = i / VEC4Su;
  let block = i % VEC4Su;
  var drawn = vec4<f32>();
  let inside = item[row] >= 0;
  if (inside) {
    let at = 4u * u32(item[row]);
    let counter = vec4((row - items[at]) * VEC4Su + block, items[at + 1u], items[at + 2u], items[at + 3u]);
    let words = philox(vec2(key[0], key[1]), counter);
    drawn = vec4(normals(words.x, words.y), normals(words.z, words.w));
  }
  for (var j = 0u; j < 4u; j++) {
    let c = block * 4u + j;
    if (c >= COLSu) { return; }
    noise[at_noise(row, c)] = drawn[j];
    noisy[at_noisy(row, c)] =
      select(0.0, level[2u * row] * clean[at_clean(row, c)] + level[2u * row + 1u] * drawn[j], inside);
  }
}
