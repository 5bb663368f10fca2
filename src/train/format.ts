// The format of what runs keep. It counts up whenever the same spec, seed and data would give other numbers than before
// (another random stream, another order of documents), or a checkpoint's files are laid out in another way.
//   1  timesteps and noise are drawn by the place in a batch
//   2  timesteps and noise are drawn by document, epoch and item
// Runs of every format are evaluated, sampled and reported. Only those of this version's format can be resumed.

export const RUN_FORMAT = 2;
