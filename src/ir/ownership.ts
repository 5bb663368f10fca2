// Which modality owns which copy of a part: decoupled, shared or in groups.

/** `of[m]` is the group of modality m; groups are numbered from 0 in the order of their first modality. */
export interface Ownership {
  readonly groups: number;
  readonly of: readonly number[];
}

/** One copy for all modalities. */
export const shared = (modalities: number): Ownership => ({ groups: 1, of: new Array<number>(modalities).fill(0) });

/** A copy for each modality. */
export const each = (modalities: number): Ownership => ({
  groups: modalities,
  of: Array.from({ length: modalities }, (_, m) => m),
});
