// Folds a stack of layers for the drawing: a repeated sequence is shown once, with its count.

/** A block or a sequence of layers that is repeated `times` times. */
export type Folded = { readonly times: number } & ({ readonly block: number } | { readonly of: readonly Folded[] });

/** The longest repeated sequence that is searched for. */
const LONGEST = 64;

/** @param layers indices of blocks, bottom first @returns the folded stack; `unfold` is the inverse */
export function fold(layers: readonly number[]): Folded[] {
  const folded: Folded[] = [];
  for (let at = 0; at < layers.length; ) {
    const { period, times } = repeatAt(layers, at);
    const stretch = layers.slice(at, at + period);
    const [block] = stretch;
    if (period === 1 && block !== undefined) folded.push({ times, block });
    else folded.push({ times, of: fold(stretch) });
    at += period * times;
  }
  return folded;
}

/** The sequence at this place whose repeats save the most layers; if there are several, the shortest. */
function repeatAt(layers: readonly number[], at: number): { period: number; times: number } {
  let best = { period: 1, times: 1 };
  for (let period = 1; period <= Math.min(LONGEST, (layers.length - at) / 2); period++) {
    let end = at + period;
    while (end < layers.length && layers[end] === layers[end - period]) end++;
    const times = Math.floor((end - at) / period);
    if (period * (times - 1) > best.period * (best.times - 1)) best = { period, times };
  }
  return best;
}

/** The original layers, bottom first. */
export const unfold = (folded: readonly Folded[]): number[] =>
  folded.flatMap((one) => {
    const once = "block" in one ? [one.block] : unfold(one.of);
    return Array.from({ length: one.times }, () => once).flat();
  });
