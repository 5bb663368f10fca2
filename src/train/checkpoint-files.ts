// A checkpoint as files: what each holds, byte for byte. No clock times, so that equal runs have equal checkpoints.
import { createHash } from "node:crypto";
import { type Bytes, readOwnSafetensors, safetensorsPieces } from "../data/safetensors.js";
import type { Tensor } from "../data/tensor.js";
import type { Json } from "../front/spec.js";
import { formatIn, RUN_FORMAT } from "./format.js";
import type { FileInPieces } from "./whole-folder.js";

export interface Checkpoint {
  /** Updates made so far. */
  readonly step: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Adam's moments, under the names of their parameters. */
  readonly optimizer: { readonly m: ReadonlyMap<string, Tensor>; readonly v: ReadonlyMap<string, Tensor> };
  /** What is remembered of the streams of data, by the names of the layers' states; absent where nothing is carried. */
  readonly sequences?: ReadonlyMap<string, Tensor>;
  /** All else that the next step depends on: data position, random state, kernel choices, digest of the spec. */
  readonly state: Json;
  /** The format that it was written in, where that is an earlier version's. */
  readonly format?: number;
}

export const CHECKPOINT_FILES = {
  weights: "weights.safetensors",
  optimizer: "optimizer.safetensors",
  state: "state.json",
  /** Only where states are carried from one step to the next. */
  sequences: "sequences.safetensors",
  /** In the form of `sha256sum -c`. */
  sums: "SHA256SUMS",
} as const;

/** The files of a checkpoint. Their pieces are the tensors' own memory, whatever their sizes. */
export function* checkpointFiles(checkpoint: Checkpoint): Generator<FileInPieces> {
  const { step, tensors, optimizer, state, sequences } = checkpoint;
  const sums: string[] = [];
  const summed = (name: string, pieces: readonly Uint8Array[]): FileInPieces => {
    sums.push(`${sha256(pieces)}  ${name}\n`);
    return { name, pieces };
  };
  yield summed(CHECKPOINT_FILES.weights, safetensorsPieces(tensors, { step: String(step) }));
  const moments = [...prefixed("m.", optimizer.m), ...prefixed("v.", optimizer.v)];
  yield summed(CHECKPOINT_FILES.optimizer, safetensorsPieces(new Map(moments), { step: String(step) }));
  if (sequences) yield summed(CHECKPOINT_FILES.sequences, safetensorsPieces(sequences, { step: String(step) }));
  yield summed(CHECKPOINT_FILES.state, [encode(`${JSON.stringify({ format: RUN_FORMAT, step, state }, null, 2)}\n`)]);
  yield { name: CHECKPOINT_FILES.sums, pieces: [encode(sums.join(""))] };
}

/** The bytes of a file of a checkpoint, or undefined if it is missing. A file is read twice: for its sum, and for use. */
export type Read = (name: string) => Bytes | undefined;

/**
 * A checkpoint from its files.
 * @returns what is wrong, in a few words, where it is not whole
 */
export function parseCheckpoint(read: Read): Checkpoint | string {
  const { weights, optimizer, state, sequences } = CHECKPOINT_FILES;
  const contents = wholeFiles(read, [weights, optimizer, state], [sequences]);
  if (typeof contents === "string") return contents;
  const stored = stateIn(contents);
  if (typeof stored === "string") return stored;
  const moments = tensorsIn(contents, CHECKPOINT_FILES.optimizer);
  return {
    step: stored.step,
    tensors: tensorsIn(contents, CHECKPOINT_FILES.weights),
    optimizer: { m: withoutPrefix("m.", moments), v: withoutPrefix("v.", moments) },
    ...(contents.has(sequences) && { sequences: tensorsIn(contents, sequences) }),
    state: stored.state,
    ...(stored.format !== RUN_FORMAT && { format: stored.format }),
  };
}

/** What a trained model is made from. */
export type Weights = Pick<Checkpoint, "step" | "tensors" | "state">;

/** The same without the optimiser's file, which is neither read nor checked. */
export function parseWeights(read: Read): Weights | string {
  const contents = wholeFiles(read, [CHECKPOINT_FILES.weights, CHECKPOINT_FILES.state]);
  if (typeof contents === "string") return contents;
  const stored = stateIn(contents);
  if (typeof stored === "string") return stored;
  return { step: stored.step, tensors: tensorsIn(contents, CHECKPOINT_FILES.weights), state: stored.state };
}

/** The files of these names, and those of `others` that have a checksum, each as that says; else what is wrong. */
function wholeFiles(read: Read, names: readonly string[], others: readonly string[] = []): Map<string, Bytes> | string {
  const listed = read(CHECKPOINT_FILES.sums);
  if (listed === undefined) return `${CHECKPOINT_FILES.sums} is missing`;
  const sums = new Map(
    decode(listed)
      .split("\n")
      .map((line) => [line.slice(66), line.slice(0, 64)] as const),
  );
  const contents = new Map<string, Bytes>();
  for (const name of [...names, ...others.filter((other) => sums.has(other))]) {
    const bytes = read(name);
    if (bytes === undefined) return `${name} is missing`;
    if (sums.get(name) !== sha256(runsOf(bytes))) return `${name} is not what was written (its checksum differs)`;
    contents.set(name, bytes);
  }
  return contents;
}

const tensorsIn = (contents: ReadonlyMap<string, Bytes>, name: string): Map<string, Tensor> =>
  readOwnSafetensors(contents.get(name) ?? new Uint8Array(), name).tensors;

function stateIn(contents: ReadonlyMap<string, Bytes>): { step: number; state: Json; format: number } | string {
  const text = decode(contents.get(CHECKPOINT_FILES.state) ?? new Uint8Array());
  const stored = JSON.parse(text) as { step: number; state: Json };
  const format = formatIn(stored);
  if (format === undefined || format > RUN_FORMAT) {
    return `${CHECKPOINT_FILES.state} does not have a format that this version reads (1 to ${RUN_FORMAT})`;
  }
  return { step: stored.step, state: stored.state, format };
}

const prefixed = (prefix: string, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] =>
  [...tensors].map(([name, tensor]) => [prefix + name, tensor]);

const withoutPrefix = (prefix: string, tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
  new Map([...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, t]) => [name.slice(prefix.length), t]));

/** Bytes that are read or hashed at a time; Node hashes less than 2 GiB in one call. */
const RUN_BYTES = 2 ** 26;

function* runsOf(bytes: Bytes | Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    const end = Math.min(at + RUN_BYTES, bytes.length);
    yield bytes instanceof Uint8Array ? bytes.subarray(at, end) : bytes.slice(at, end);
  }
}

function sha256(pieces: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const piece of pieces) for (const run of runsOf(piece)) hash.update(run);
  return hash.digest("hex");
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Bytes): string => new TextDecoder().decode(bytes.slice(0, bytes.length));
