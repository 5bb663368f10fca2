// Finishes a sum of a linear layer, or four adjacent ones, and stores it: a NUMBER. Included by the linear kernels.
fn finish(sum: NUMBER, group: u32, slot: u32, row: u32, c: u32) {
#if FACTORS
  var value = ALPHA * sum;
#else
  var value = sum;
#end
  if (group != NO_ROW) {
#if BIAS
    value += bias[group * COL_NUMBERSu + c];
#end
#if SOFTPLUS
    value = softplus(value);
#end
  }
#if RESIDUAL
#if FACTORS
  value += BETA * residual[at_residual(row, c)];
#else
  value += residual[at_residual(row, c)];
#end
#end
#if LOCAL_Y
  y[(slot - FIRST_TILEu * 64u) * COL_NUMBERSu + c] = value;
#else
  y[at_y(row, c)] = value;
#end
}
