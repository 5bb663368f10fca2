// The format of what runs keep. It counts up whenever the same spec, seed and data would give other numbers than before
// (another random stream, another order of documents), or a checkpoint's files are laid out in another way.
//   1  timesteps and noise are drawn by the place in a batch
//   2  timesteps and noise are drawn by document, epoch and item
// Runs of every format are evaluated, sampled and reported. Only those of this version's format can be resumed.

export const RUN_FORMAT = 2;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The format that a file of a run states; one that states none has format 1. Undefined where it states nonsense. */
export function formatIn(file: unknown): number | undefined {
  const format = isRecord(file) && "format" in file ? file.format : 1;
  return Number.isSafeInteger(format) && Number(format) >= 1 ? Number(format) : undefined;
}
