// Sums over all rows in a fixed order: sums[c] = Σ loss[r] over the rows of class c, one workgroup for all.
// `row_loss` may be partial sums; without CLASSES all rows are of class 0.
var<workgroup> shares: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) index: u32) {
  for (var c = 0u; c < COUNTu; c++) {
    var sum = 0.0;
    for (var row = index; row < ROWSu; row += 64u) {
#if CLASSES
      if (row_class[row] != i32(c)) { continue; }
#end
      sum += row_loss[row];
    }
    shares[index] = sum;
    workgroupBarrier();
    if (index == 0u) {
      var total = 0.0;
      for (var i = 0u; i < 64u; i++) { total += shares[i]; }
      sums[c] = total;
    }
    workgroupBarrier();
  }
}
