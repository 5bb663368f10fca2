// Sums of rows in a fixed order, without atomics.
//   TOKENS: dweight[v, c] = Σ dy[r, c] over the rows of token v, listed in the table of occurrences.
//   else:   ditems[i, c] = Σ dy[r, c] over the rows of item i, whose span the table gives.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let i = (workgroup.y * GRID_Xu + workgroup.x) * 64u + index;
  if (i >= SIZEu) { return; }
  let item = i / COLSu;
  let c = i % COLSu;
  var sum = 0.0;
#if TOKENS
  for (var place = table[item]; place < table[item + 1u]; place++) {
    sum += dy[at_dy(table[SIZEu / COLSu + 1u + place], c)];
  }
  if (step.accumulate != 0u) { sum += dweight[i]; }
  dweight[i] = sum;
#else
  let first = table[2u * item];
  for (var r = first; r < first + table[2u * item + 1u]; r++) { sum += dy[at_dy(r, c)]; }
  ditems[at_ditems(item, c)] = sum;
#end
}
