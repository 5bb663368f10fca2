// The format of run folders. It is increased whenever the same spec, seed and data would give different numbers (another
// random stream, another order of documents), or if the layout of checkpoints changes.
//   1  timesteps and noise are drawn by position in a batch
//   2  timesteps and noise are drawn by document, epoch and item
// Runs of every format can be evaluated, sampled and reported. Only runs of the current format can be resumed.

export const RUN_FORMAT = 2;
