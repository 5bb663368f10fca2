/** The default number of positions in a chunk of the scan. */
export const DEFAULT_CHUNK = 64;
