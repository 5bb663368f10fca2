// The first fall of a loss leaves a chart if it would flatten the rest of the curves.

/** The share of the horizontal axis in which the first fall may leave the chart. */
export const FALL = 0.06;
/** It leaves if the rest then has more than this many times the height. */
const FLATTENED = 2;

/** The top of a chart. @param rest the highest value after the first fall */
export const topAfterFall = (low: number, high: number, rest: number): number =>
  rest > low && high - low > FLATTENED * (rest - low) ? rest : high;
