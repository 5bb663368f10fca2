/** Returns an array of zeros: a new one, or one that is no longer in use. */
export type Zeros = (length: number) => Float32Array<ArrayBuffer>;

export const newZeros: Zeros = (length) => new Float32Array(length);
