// Reads tensors from a user's file by name, and checks their types, shapes and values.
import { CONVERT, isRead, type StoredTensor, type Tensor } from "../data/tensor.js";
import { InputError } from "../diagnostics/input-error.js";

export type GivenTensors = ReadonlyMap<string, StoredTensor>;

export const shapeText = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

/** @throws InputError if the file has no such tensor, or its type is not supported */
function given(file: GivenTensors, name: string): Tensor {
  const tensor = file.get(name);
  if (!tensor) {
    throw new InputError(
      "other-tensors",
      `The tensor ${name} is missing.`,
      "Add it to the file. `mom trace --help` lists the tensors; --prefix is the prefix of the parameters' names.",
    );
  }
  if (!isRead(tensor)) throw new InputError("other-tensors", `${name} has the type ${tensor.stored}.`, CONVERT);
  return tensor;
}

function checkShape(name: string, tensor: Tensor, shape: readonly number[]): void {
  if (tensor.shape.join() === shape.join()) return;
  throw new InputError(
    "other-tensors",
    `${name} has the shape ${shapeText(tensor.shape)}, but the spec and the other tensors need ${shapeText(shape)}.`,
    "Use the spec that the tensors were made with, or reshape the tensor.",
  );
}

/** Numbers of this shape as F32: F16 and BF16 are widened, F64 is rounded. */
export function floatsOf(file: GivenTensors, name: string, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const tensor = given(file, name);
  if (tensor.dtype !== "F32" && tensor.dtype !== "F64") {
    throw new InputError(
      "other-tensors",
      `${name} has the type ${tensor.dtype}, not a floating-point type.`,
      "Convert it to F32.",
    );
  }
  checkShape(name, tensor, shape);
  return Float32Array.from(tensor.data);
}

/** I32, I64 or U8 as I32; the caller checks the limit. */
function wholeNumbers(name: string, tensor: Tensor): Int32Array<ArrayBuffer> {
  if (tensor.dtype === "F32" || tensor.dtype === "F64") {
    throw new InputError(
      "other-tensors",
      `${name} has the type ${tensor.dtype}, not an integer type.`,
      "Convert it to I32.",
    );
  }
  if (tensor.dtype !== "I64") return Int32Array.from(tensor.data);
  // Saturates: a number beyond I32 exceeds every limit, too.
  return Int32Array.from(tensor.data, (value) => Number(BigInt.asIntN(32, value) === value ? value : 0x7fffffff));
}

interface Indices {
  readonly shape: readonly number[];
  readonly from: number;
  /** The first number that is too large. */
  readonly limit: number;
  /** The reason for the limit, for the message. */
  readonly because: string;
  /** Whether this place is read; default all. */
  readonly where?: (place: number) => boolean;
}

/** Indices into something in the model. */
export function indicesOf(file: GivenTensors, name: string, wanted: Indices): Int32Array<ArrayBuffer> {
  const tensor = given(file, name);
  checkShape(name, tensor, wanted.shape);
  const indices = wholeNumbers(name, tensor);
  checkWithin(name, indices, tensor.data, wanted);
  return indices;
}

/** Numbers from `from` to `limit` − 1, inclusive, such as times. */
export function withinOf(file: GivenTensors, name: string, wanted: Indices): Float32Array<ArrayBuffer> {
  const numbers = floatsOf(file, name, wanted.shape);
  checkWithin(name, numbers, numbers, wanted);
  return numbers;
}

/** @param shown the numbers as written in the file */
function checkWithin(
  name: string,
  numbers: Int32Array | Float32Array,
  shown: ArrayLike<number | bigint>,
  { shape, from, limit, because, where = () => true }: Indices,
): void {
  const most = limit - 1;
  const wrong = numbers.findIndex((number, place) => where(place) && !(number >= from && number <= most));
  if (wrong < 0) return;
  const columns = shape.at(-1) as number;
  throw new InputError(
    "other-tensors",
    `${name} holds ${shown[wrong]} at ${shapeText([Math.floor(wrong / columns), wrong % columns])}; ${because}.`,
    `Use numbers from ${from} to ${most} there, or change the spec.`,
  );
}

/** Batch and length of a tensor [B, L]. */
export function batchShape(file: GivenTensors, name: string): [number, number] {
  const { shape } = given(file, name);
  const [B = 0, L = 0] = shape;
  if (shape.length === 2 && B > 0 && L > 0) return [B, L];
  throw new InputError(
    "other-tensors",
    `${name} has the shape ${shapeText(shape)}.`,
    "Use two dimensions, [batch, length], each at least 1.",
  );
}
