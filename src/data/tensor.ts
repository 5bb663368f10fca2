// Tensors as safetensors files store them: the types that are read, and those that are only passed over.

export type Tensor =
  | { readonly dtype: "F32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "F64"; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: "I32"; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: "I64"; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: "U8"; readonly shape: readonly number[]; readonly data: Uint8Array };

/** Of a type that is not read here. It matters only where it is asked for, and is refused there. */
interface UnreadTensor {
  readonly dtype: "unread";
  /** The type that the file names: `BOOL`, `F8_E4M3`, … */
  readonly stored: string;
  readonly shape: readonly number[];
  readonly data?: undefined;
}

/** Any tensor of a file. */
export type StoredTensor = Tensor | UnreadTensor;

/** What is read, by the type in the file; F16 and BF16 become F32, which holds each of their numbers exactly. */
export type ReadType = Tensor["dtype"] | "F16" | "BF16";

const READ_TYPES: readonly ReadType[] = ["F64", "I64", "F32", "I32", "F16", "BF16", "U8"];

export const isReadType = (type: string): type is ReadType => READ_TYPES.some((one) => one === type);

/** Bits of an element of every type that the format has. A type that is newer than this table has none. */
export const ELEMENT_BITS: ReadonlyMap<string, number> = new Map([
  ["F64", 64],
  ["I64", 64],
  ["U64", 64],
  ["C64", 64],
  ["F32", 32],
  ["I32", 32],
  ["U32", 32],
  ["F16", 16],
  ["BF16", 16],
  ["I16", 16],
  ["U16", 16],
  ["U8", 8],
  ["I8", 8],
  ["BOOL", 8],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["F4", 4],
]);

export const isRead = (tensor: StoredTensor): tensor is Tensor => tensor.dtype !== "unread";

/** The type as the file names it, for messages. */
export const typeOf = (tensor: StoredTensor): string => (isRead(tensor) ? tensor.dtype : tensor.stored);

/** The remedy for a tensor of a type that is not read. */
export const CONVERT = `Convert it to F32; types read here are ${READ_TYPES.join(", ")}.`;
