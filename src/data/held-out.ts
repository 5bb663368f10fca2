/** The share of the documents that is held out if neither the spec nor prepared data decide it. */
export const HELD_OUT = 0.05;
