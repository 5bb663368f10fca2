// The row in a slot of a table of rows. Included by other templates. Without TABLE, slots are rows.
const NO_ROW = 0xffffffffu;

fn row_of(slot: u32) -> u32 {
#if TABLE
  return table[TILESu + slot];
#else
  return select(NO_ROW, slot, slot < ROWSu);
#end
}
