// A stack of layers as it is drawn: what repeats is shown once, with how often.

/** A block, or a stretch of the stack, so many times on top of each other. */
export type Folded = { readonly times: number } & ({ readonly block: number } | { readonly of: readonly Folded[] });

/** Longest stretch that is looked for as one that repeats. */
const LONGEST = 64;

/** @param layers indices of blocks, bottom first; the result unfolds to the same */
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

/** The stretch that begins here and whose repeats take the most layers off the drawing; the shorter of equals. */
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

/** The layers that these stand for, bottom first. */
export const unfold = (folded: readonly Folded[]): number[] =>
  folded.flatMap((one) => {
    const once = "block" in one ? [one.block] : unfold(one.of);
    return Array.from({ length: one.times }, () => once).flat();
  });
