// Tensors in safetensors files: the types that are read, and those that are skipped.

export type Tensor =
  | { readonly dtype: "F32"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly dtype: "F64"; readonly shape: readonly number[]; readonly data: Float64Array }
  | { readonly dtype: "I32"; readonly shape: readonly number[]; readonly data: Int32Array }
  | { readonly dtype: "I64"; readonly shape: readonly number[]; readonly data: BigInt64Array }
  | { readonly dtype: "U8"; readonly shape: readonly number[]; readonly data: Uint8Array };

/** A tensor of an unsupported type, which is an error only if it is used. */
interface UnreadTensor {
  readonly dtype: "unread";
  /** The type that the file names: `BOOL`, `F8_E4M3`, … */
  readonly stored: string;
  readonly shape: readonly number[];
  readonly data?: undefined;
}

/** Any tensor of a file. */
export type StoredTensor = Tensor | UnreadTensor;

/** The types that are read. F16 and BF16 become F32, which represents them exactly. */
export type ReadType = Tensor["dtype"] | "F16" | "BF16";

const READ_TYPES: readonly ReadType[] = ["F64", "I64", "F32", "I32", "F16", "BF16", "U8"];

export const isReadType = (type: string): type is ReadType => READ_TYPES.some((one) => one === type);

/** Bits per element of every type in the format. Newer types are missing. */
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

/** The type's name in the file, for messages. */
export const typeOf = (tensor: StoredTensor): string => (isRead(tensor) ? tensor.dtype : tensor.stored);

/** Help for a tensor of an unsupported type. */
export const CONVERT = `Convert it to F32. Supported types: ${READ_TYPES.join(", ")}.`;
