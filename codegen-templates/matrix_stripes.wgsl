// Passes a subgroup's sums to `finish`, one matrix at a time through workgroup memory. Included by the matrix kernels.
// More workgroup memory would let fewer workgroups run at once: beyond 24 KiB each, an H100 is a quarter slower.
  let lane = index % 32u;
  let stripe_at = (index / 32u) * 64u;
  let stripe_line = lane / 4u;
  let stripe_four = lane % 4u;
#repeat I 4
#repeat J 4
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stripes, stripe_at, c#{I}#{J}, 4u);
  workgroupBarrier();
  finish(group, sub_row + #{16 * I}u + stripe_line, sub_column + #{16 * J}u + stripe_four * 4u, stripes[stripe_at + stripe_line * 4u + stripe_four], place);
  finish(group, sub_row + #{16 * I + 8}u + stripe_line, sub_column + #{16 * J}u + stripe_four * 4u, stripes[stripe_at + (stripe_line + 8u) * 4u + stripe_four], place);
#end
#end
