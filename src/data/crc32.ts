// CRC-32 (IEEE 802.3), the checksum of shards.

/** @param before the checksum of the preceding bytes, if any */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** Tables for 8 bytes at a time: table k is the contribution of byte k after the 7 − k bytes that follow it. */
const TABLES = tables();

type Table = Uint32Array;
type Eight = readonly [Table, Table, Table, Table, Table, Table, Table, Table];

function tables(): readonly Table[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    return remainder;
  });
  const all = [first];
  for (let k = 1; k < 8; k++)
    all.push((all[k - 1] as Table).map((before) => (before >>> 8) ^ (first[before & 0xff] as number)));
  return all.reverse();
}

/** @param before the checksum of the preceding bytes, if any */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as Eight;
  const byte = (i: number) => bytes[i] as number;
  const left = (table: Uint32Array, index: number) => table[index & 0xff] as number;
  let crc = ~before;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8)
    crc =
      left(t0, crc ^ byte(i)) ^
      left(t1, (crc >>> 8) ^ byte(i + 1)) ^
      left(t2, (crc >>> 16) ^ byte(i + 2)) ^
      left(t3, (crc >>> 24) ^ byte(i + 3)) ^
      left(t4, byte(i + 4)) ^
      left(t5, byte(i + 5)) ^
      left(t6, byte(i + 6)) ^
      left(t7, byte(i + 7));
  for (; i < bytes.length; i++) crc = left(t7, crc ^ byte(i)) ^ (crc >>> 8);
  return ~crc >>> 0;
}
