/** Returns an array whose contents do not matter: a new one, or one that is no longer in use. */
export type Spare = (length: number) => Float32Array<ArrayBuffer>;

export const newArray: Spare = (length) => new Float32Array(length);
