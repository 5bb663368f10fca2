// Random damage to the bytes of a file, as by disks, copies and editors. It depends on a seed.

/** Random numbers in [0, 1) from a seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const at = (random, count) => Math.floor(random() * count);

/** Functions that return the damaged bytes, or undefined for a deleted file. */
export const CORRUPTIONS = {
  "a flipped bit": (bytes, random) => {
    const damaged = Buffer.from(bytes);
    const place = at(random, bytes.length);
    damaged.writeUInt8(damaged.readUInt8(place) ^ (1 << at(random, 8)), place);
    return damaged;
  },
  truncated: (bytes, random) => Buffer.from(bytes.subarray(0, at(random, bytes.length))),
  "extra bytes": (bytes, random) =>
    Buffer.concat([bytes, Buffer.from({ length: 1 + at(random, 64) }, () => at(random, 256))]),
  "a zeroed block": (bytes, random) => {
    const damaged = Buffer.from(bytes);
    const begin = at(random, bytes.length);
    damaged.subarray(begin, begin + 1 + at(random, 512)).fill(0);
    return damaged;
  },
  emptied: () => Buffer.alloc(0),
  deleted: () => undefined,
};

/**
 * Damage number `index` of a file. Kinds alternate, and every second damage is a flipped bit. The result always differs
 * from the given bytes.
 * @returns {{ kind: string, bytes: Buffer | undefined }}
 */
export function corrupted(bytes, index, random) {
  const kinds = Object.keys(CORRUPTIONS);
  for (;;) {
    const kind = index % 2 === 0 ? kinds[0] : kinds[1 + (((index - 1) / 2) % (kinds.length - 1))];
    const damaged = CORRUPTIONS[kind](bytes, random);
    if (damaged === undefined || !damaged.equals(bytes)) return { kind, bytes: damaged };
  }
}
