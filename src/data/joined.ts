// Concatenates arrays.

/** Fills `whole` with consecutive pieces. */
export function joined<A extends Uint8Array | Int32Array | Float32Array>(
  parts: readonly ArrayLike<number>[],
  whole: A,
): A {
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** The bytes of all pieces. */
export const joinedBytes = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  joined(parts, new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0)));
