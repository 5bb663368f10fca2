// Input numbers for a node, the same in every process. Their magnitude and sign are typical of training.
import type { InitKind } from "../ir/initial.js";
import type { Tensor } from "../ir/tensor.js";
import { stream } from "../random/stream.js";

/** Numbers repeat after this many. It is prime, so no two rows of a tensor are equal. */
export const PERIOD = 65_537;

let drawn: Float32Array | undefined;

function normals(): Float32Array {
  if (drawn === undefined) {
    const { normal } = stream("sample", 0, 2);
    drawn = Float32Array.from({ length: PERIOD }, normal);
  }
  return drawn;
}

/** `size` numbers from a standard normal distribution, transformed by `shape`. `start` selects where in the period they begin. */
export function repeated(
  size: number,
  start: number,
  shape: (normal: number, index: number) => number = (normal) => normal,
): Float32Array<ArrayBuffer> {
  const all = normals();
  const out = new Float32Array(size);
  const once = Math.min(size, PERIOD);
  for (let i = 0; i < once; i++) out[i] = shape(all[(start + i) % PERIOD] as number, i);
  for (let done = once; done < size; done *= 2) out.copyWithin(done, 0, Math.min(done, size - done));
  return out;
}

/** Positive numbers near 1, like the reciprocal of a root mean square. */
const positive = (normal: number) => Math.exp(0.3 * normal);
/** Steps of the scan: softplus with a bias near −3. */
const step = (normal: number) => Math.log1p(Math.exp(normal - 3));

function trained(kind: InitKind, columns: number): (normal: number, index: number) => number {
  switch (kind.kind) {
    case "A_log":
      return (normal, index) => Math.log(1 + (index % kind.d_state)) + 0.1 * normal;
    case "ones":
      return (normal) => 1 + 0.1 * normal;
    case "dt_bias":
      return (normal) => normal - 3;
    default:
      return (normal) => normal / Math.sqrt(columns);
  }
}

/**
 * Numbers for a float tensor, row-major.
 * @param input the name by which the op reads it
 * @param initial its initialization, if it is trained
 */
export function numbersFor(
  { id, shape }: Tensor,
  input: string,
  initial: InitKind | undefined,
): Float32Array<ArrayBuffer> {
  const size = shape.reduce((product, n) => product * n, 1);
  const start = (7919 * (id + 1)) % PERIOD;
  const columns = shape.at(-1) as number;
  if (initial) return repeated(size, start, trained(initial, columns));
  if (input === "rstd") return repeated(size, start, positive);
  if (input === "delta") return repeated(size, start, step);
  // The f16 copy of a parameter.
  if (input === "weight") return repeated(size, start, (normal) => normal / Math.sqrt(columns));
  return repeated(size, start);
}
