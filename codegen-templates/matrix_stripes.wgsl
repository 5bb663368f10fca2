// Passes a subgroup's sums to `finish`, one matrix at a time through workgroup memory. Included by linear_matrix.wgsl.
// More workgroup memory would let fewer workgroups run at once: beyond 24 KiB each, an H100 is a quarter slower.
// What `finish` needs is loaded for four matrices at a time, so that its latency passes once.
  let lane = index % 32u;
  let stripe_at = (index / 32u) * 64u;
  let stripe_line = lane / 4u;
  let stripe_four = lane % 4u;
  let first_slot = place.x + sub_row + stripe_line;
  let first_c = place.y + sub_column + stripe_four * 4u;
#if BIAS
  #repeat J 4: let shift#{J} = bias_at(group, first_c#{+ 16 * J});
#else
  #repeat J 4: let shift#{J} = vec4<f32>();
#end
#repeat I 4
#repeat H 2
  let row#{I}_#{H} = row_of(first_slot#{+ 16 * I + 8 * H});
#if RESIDUAL
  #repeat J 4: let rest#{I}_#{H}_#{J} = residual_of(row#{I}_#{H}, first_c#{+ 16 * J});
#else
  #repeat J 4: let rest#{I}_#{H}_#{J} = vec4<f32>();
#end
#end
#repeat J 4
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&stripes, stripe_at, c#{I}#{J}, 4u);
  workgroupBarrier();
  #repeat H 2: finish(group, first_slot#{+ 16 * I + 8 * H}, row#{I}_#{H}, first_c#{+ 16 * J}, stripes[stripe_at + (stripe_line#{+ 8 * H}) * 4u + stripe_four], shift#{J}, rest#{I}_#{H}_#{J});
#end
#end
