// The slots of a run of a weight gradient, and the row of dy in a slot. Included by the kernels of weight gradients.
/// First slot of a run, and the slot after its last.
fn run(group: u32, split: u32) -> vec2<u32> {
#if TABLE
  var first = table[TILESu * 65u + group] * 64u;
  var end = table[TILESu * 65u + group + 1u] * 64u;
#else
  var first = 0u;
  var end = ROWSu;
#end
#if LOCAL_DY
  first = max(first, FIRST_TILEu * 64u);
  end = max(first, min(end, END_TILEu * 64u));
#end
  let size = (end - first + SPLITSu - 1u) / SPLITSu;
  return min(vec2(first + split * size, first + (split + 1u) * size), vec2(end));
}

fn dy_row(slot: u32, row: u32) -> u32 {
#if LOCAL_DY
  return slot - FIRST_TILEu * 64u;
#else
  return row;
#end
}
