// Sums over rows for each column and group, in SPLITS runs of rows:
// partial[s, g, c] = Σ dy[r, c] over the run's rows of group g, or with PRODUCT Σ dy[r, c]·x[r, c]·rstd[r].

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let c = workgroup.x * 64u + index;
  if (c >= COLSu) { return; }
  let size = (ROWSu + SPLITSu - 1u) / SPLITSu;
  let first = workgroup.y * size;
  var sums: array<f32, GROUPS>;
  for (var row = first; row < min(first + size, ROWSu); row++) {
#if EXCLUDES
    if (!counts(row)) { continue; }
#end
    var term = dy[at_dy(row, c)];
#if PRODUCT
    term *= x[at_x(row, c)] * rstd[row];
#end
    sums[group(row)] += term;
  }
  for (var g = 0u; g < GROUPSu; g++) { partial[(workgroup.y * GROUPSu + g) * COLSu + c] = sums[g]; }
}
