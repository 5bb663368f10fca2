/** Positions in a chunk of the scan, unless asked for otherwise. */
export const DEFAULT_CHUNK = 64;
