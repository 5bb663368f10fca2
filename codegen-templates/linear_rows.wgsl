// A tile's group, its rows of x and its weights. Included by the linear kernels.
fn group_of(tile: u32) -> u32 {
#if TABLE
  return table[tile];
#else
#if STACKED
  return tile / STACK_TILESu;
#else
  return 0u;
#end
#end
}

fn x_row(slot: u32, row: u32) -> u32 {
#if LOCAL_X
  return slot - FIRST_TILEu * 64u;
#else
  return row;
#end
}

fn weight_at(group: u32, d: u32, c: u32) -> u32 {
#if TRANSPOSED
  return (group * COLSu + c) * DEPTHu + d;
#else
  return (group * DEPTHu + d) * COLSu + c;
#end
}
