// The files of a checkpoint. They contain no clock times, so equal runs have equal checkpoints.
import { runsOf, sha256 } from "../data/content-hash.js";
import type { Disk } from "../data/disk.js";
import { type Bytes, readOwnSafetensors, safetensorsHeader, safetensorsPieces } from "../data/safetensors.js";
import type { Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";
import type { Choices } from "../ir/plan.js";
import {
  CHECKPOINT_FILES,
  type ListedFile,
  readStateFile,
  type StateFile,
  stateText,
  type TrainingState,
} from "./checkpoint-state.js";
import { RUN_FORMAT } from "./format.js";
import type { DeviceTensors } from "./model.js";
import { bySlot, type OptimizerState } from "./optimizer-state.js";
import { listedSums, sumLine } from "./sums.js";
import type { ArrivingFile } from "./whole-folder.js";

export interface Checkpoint {
  /** Updates made so far. */
  readonly step: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly optimizer: OptimizerState;
  /** The carried states of the data streams, by the names of the layers' states; absent if nothing is carried. */
  readonly sequences?: ReadonlyMap<string, Tensor>;
  readonly state: TrainingState;
  /** The format that it was written in, if it is an earlier one. */
  readonly format?: number;
}

/** A checkpoint whose tensors are read from the device while they are written. */
export interface LiveCheckpoint extends Pick<Checkpoint, "step" | "sequences" | "state"> {
  readonly weights: DeviceTensors;
  /** Named `SLOT.PARAMETER`. */
  readonly optimizer: DeviceTensors;
}

/** The part of the disk that checksums need. */
type Hashing = Pick<Disk, "hash">;

/**
 * The files of a checkpoint. Each must be read to its end before the next: the state lists the files before it, and the
 * list of checksums lists all files, so a flipped bit in any of them is detected.
 */
export async function* checkpointFiles(checkpoint: LiveCheckpoint, disk: Hashing): AsyncGenerator<ArrivingFile> {
  const { step, weights, optimizer, state, sequences } = checkpoint;
  const files: ListedFile[] = [];
  const metadata = { step: String(step) };
  const listed = (name: string, pieces: Arriving): ArrivingFile => ({
    name,
    pieces: counted(pieces, disk, (sum) => files.push({ name, ...sum })),
  });
  yield listed(CHECKPOINT_FILES.weights, tensorPieces(weights, metadata));
  yield listed(CHECKPOINT_FILES.optimizer, tensorPieces(optimizer, metadata));
  if (sequences) yield listed(CHECKPOINT_FILES.sequences, safetensorsPieces(sequences, metadata));
  const text = encode(stateText(step, files, state));
  yield { name: CHECKPOINT_FILES.state, pieces: [text] };
  const sums = [...files, { name: CHECKPOINT_FILES.state, sha256: sha256(disk, [text]) }];
  yield { name: CHECKPOINT_FILES.sums, pieces: [encode(sums.map(sumLine).join(""))] };
}

type Arriving = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A safetensors file of tensors on the device. */
async function* tensorPieces(
  { shapes, pieces }: DeviceTensors,
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  const names = [...shapes.keys()].sort();
  const tensors = names.map((name) => {
    const shape = shapes.get(name) as readonly number[];
    return { name, dtype: "F32" as const, shape, bytes: 4 * shape.reduce((product, size) => product * size, 1) };
  });
  yield safetensorsHeader(tensors, metadata);
  for await (const { data } of pieces(names)) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The same pieces; then reports their length and checksum. */
async function* counted(
  pieces: Arriving,
  disk: Hashing,
  report: (sum: Pick<ListedFile, "bytes" | "sha256">) => void,
): AsyncGenerator<Uint8Array> {
  const sum = disk.hash();
  let bytes = 0;
  for await (const piece of pieces) {
    for (const run of runsOf(piece)) sum.update(run);
    bytes += piece.length;
    yield piece;
  }
  report({ bytes, sha256: sum.digest() });
}

/** The bytes of a checkpoint file; undefined if it is missing. A file is read twice: for its checksum and for use. */
export type Read = (name: string) => Bytes | undefined;

/**
 * Reads a checkpoint from its files.
 * @returns what is wrong, as a clause, if it is not complete
 */
export const parseCheckpoint = (read: Read, disk: Hashing): Checkpoint | string =>
  parsed(read, disk, Object.values(FILES), (stored, tensorsOf) => {
    const sequences = stored.files.has(FILES.sequences) ? tensorsOf(FILES.sequences) : undefined;
    return {
      step: stored.step,
      tensors: tensorsOf(FILES.weights),
      optimizer: bySlot(tensorsOf(FILES.optimizer)),
      ...(sequences && { sequences }),
      state: stored.state,
      ...(stored.format !== RUN_FORMAT && { format: stored.format }),
    };
  });

/** The weights of a trained model. */
export interface Weights {
  readonly step: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The kernels that it was trained with. */
  readonly choices: Choices;
}

/** The same without the files of the optimizer and the sequences, which are neither read nor checked. */
export const parseWeights = (read: Read, disk: Hashing): Weights | string =>
  parsed(read, disk, [FILES.weights], ({ step, state }, tensorsOf) => ({
    step,
    tensors: tensorsOf(FILES.weights),
    choices: state.choices,
  }));

/** The state alone. */
export const parseState = (read: Read, disk: Hashing): Pick<StateFile, "step" | "state"> | string =>
  parsed(read, disk, [], ({ step, state }) => ({ step, state }));

const { state: STATE, sums: SUMS, ...FILES } = CHECKPOINT_FILES;

/** A state, and the checksums of the checkpoint's other files by name. */
interface Stored extends Omit<StateFile, "files"> {
  readonly files: ReadonlyMap<string, { readonly sha256: string; readonly bytes?: number }>;
}

/** @param names files to read if the checkpoint has them */
function parsed<T>(
  read: Read,
  disk: Hashing,
  names: readonly string[],
  use: (stored: Stored, tensorsOf: (name: string) => Map<string, Tensor>) => T,
): T | string {
  try {
    const stored = storedIn(read, disk);
    if (typeof stored === "string") return stored;
    const contents = new Map<string, Bytes>();
    for (const name of names) {
      const listed = stored.files.get(name);
      if (listed === undefined) continue;
      const found = intactFile(read, disk, name, listed);
      if (typeof found === "string") return found;
      contents.set(name, found);
    }
    return use(stored, (name) => readOwnSafetensors(contents.get(name) ?? new Uint8Array(), name).tensors);
  } catch (error) {
    // The file cannot be read, or is invalid although its checksum matches.
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

function intactFile(
  read: Read,
  disk: Hashing,
  name: string,
  { sha256: sum, bytes }: { sha256: string; bytes?: number },
): Bytes | string {
  const found = read(name);
  if (found === undefined) return `${name} is missing`;
  if (bytes !== undefined && found.length !== bytes)
    return `${name} has ${found.length} bytes, but was written with ${bytes}`;
  return sha256(disk, [found]) === sum ? found : `${name} has changed since it was written (its checksum differs)`;
}

/** The state, after checking that it and the list of checksums agree. */
function storedIn(read: Read, disk: Hashing): Stored | string {
  const list = read(SUMS);
  if (list === undefined) return `${SUMS} is missing`;
  const sums = listedSums(list, (name) => name === STATE || Object.values<string>(FILES).includes(name));
  if (typeof sums === "string") return `${SUMS}: ${sums}`;
  const sum = sums.get(STATE);
  if (sum === undefined) return `${SUMS} has no checksum of ${STATE}`;
  const bytes = intactFile(read, disk, STATE, { sha256: sum });
  if (typeof bytes === "string") return bytes;
  const file = readStateFile(bytes.slice(0, bytes.length));
  if ("wrong" in file) return `${STATE}: ${file.wrong}`;
  sums.delete(STATE);
  const { files, ...stored } = file.value;
  const named = files === undefined ? ofFormatOne(sums, read) : agreeing(files, sums);
  if (typeof named === "string") return named;
  for (const name of [FILES.weights, FILES.optimizer]) if (!named.has(name)) return `${STATE} does not list ${name}`;
  return { ...stored, files: named };
}

/** The files that the state lists, after checking that the list of checksums has the same. */
function agreeing(files: readonly ListedFile[], sums: ReadonlyMap<string, string>): Stored["files"] | string {
  const named = new Map(files.map((file) => [file.name, file]));
  if (named.size < files.length) return `${STATE} lists a file twice`;
  for (const { name, sha256: sum } of files)
    if (sums.get(name) !== sum) return `${STATE} and ${SUMS} have different checksums of ${name}`;
  const extra = [...sums.keys()].find((name) => !named.has(name));
  return extra === undefined ? named : `${SUMS} lists ${extra}, but ${STATE} does not`;
}

/** In format 1 only the list of checksums names the files, so a file that it does not name must not exist. */
function ofFormatOne(sums: ReadonlyMap<string, string>, read: Read): Stored["files"] | string {
  const extra = Object.values(FILES).find((name) => !sums.has(name) && read(name) !== undefined);
  if (extra !== undefined) return `${SUMS} has no checksum of ${extra}`;
  return new Map([...sums].map(([name, sum]) => [name, { sha256: sum }]));
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
