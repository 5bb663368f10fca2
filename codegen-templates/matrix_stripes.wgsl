// The sums of a subgroup, 16 rows at a time through workgroup memory to `finish`; a part that the matrix kernels include.
  let lane = index % 32u;
  let stripe_at = (index / 32u) * 1088u;
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 0u, c00, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 16u, c01, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 32u, c02, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 48u, c03, 68u);
  workgroupBarrier();
  for (var pair = 0u; pair < 8u; pair++) {
    let line = pair * 2u + lane / 16u;
    let at = stripe_at + line * 68u + (lane % 16u) * 4u;
    finish(group, sub_row + 0u + line, sub_column + (lane % 16u) * 4u, vec4(stripes[at], stripes[at + 1u], stripes[at + 2u], stripes[at + 3u]), place);
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 0u, c10, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 16u, c11, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 32u, c12, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 48u, c13, 68u);
  workgroupBarrier();
  for (var pair = 0u; pair < 8u; pair++) {
    let line = pair * 2u + lane / 16u;
    let at = stripe_at + line * 68u + (lane % 16u) * 4u;
    finish(group, sub_row + 16u + line, sub_column + (lane % 16u) * 4u, vec4(stripes[at], stripes[at + 1u], stripes[at + 2u], stripes[at + 3u]), place);
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 0u, c20, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 16u, c21, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 32u, c22, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 48u, c23, 68u);
  workgroupBarrier();
  for (var pair = 0u; pair < 8u; pair++) {
    let line = pair * 2u + lane / 16u;
    let at = stripe_at + line * 68u + (lane % 16u) * 4u;
    finish(group, sub_row + 32u + line, sub_column + (lane % 16u) * 4u, vec4(stripes[at], stripes[at + 1u], stripes[at + 2u], stripes[at + 3u]), place);
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 0u, c30, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 16u, c31, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 32u, c32, 68u);
  subgroupMatrixStore<row_major>(&stripes, stripe_at + 48u, c33, 68u);
  workgroupBarrier();
  for (var pair = 0u; pair < 8u; pair++) {
    let line = pair * 2u + lane / 16u;
    let at = stripe_at + line * 68u + (lane % 16u) * 4u;
    finish(group, sub_row + 48u + line, sub_column + (lane % 16u) * 4u, vec4(stripes[at], stripes[at + 1u], stripes[at + 2u], stripes[at + 3u]), place);
  }
