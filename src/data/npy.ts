// Reads and writes NumPy's .npy files, versions 1 to 3. The header is a Python literal, which is parsed and never
// evaluated. The format is described in the documentation of numpy.lib.format.
import { InputError } from "../diagnostics/input-error.js";
import { f16ToF32 } from "./half.js";

/** The array for each type: f16 becomes F32, booleans become 0 and 1. */
const HELD = {
  f2: Float32Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
  b1: Uint8Array,
} as const;
export type NpyType = keyof typeof HELD;
const isType = (text: string): text is NpyType => Object.hasOwn(HELD, text);

interface Held {
  readonly f2: Float32Array;
  readonly f4: Float32Array;
  readonly f8: Float64Array;
  readonly i1: Int8Array;
  readonly i2: Int16Array;
  readonly i4: Int32Array;
  readonly i8: BigInt64Array;
  readonly u1: Uint8Array;
  readonly u2: Uint16Array;
  readonly u4: Uint32Array;
  readonly u8: BigUint64Array;
  readonly b1: Uint8Array;
}
export interface Npy<Type extends NpyType = NpyType> {
  readonly type: Type;
  readonly shape: readonly number[];
  /** In C order: the last index varies fastest. */
  readonly data: Held[Type];
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy's headers are shorter than 200 bytes unless they name fields, which are not supported. */
const HEADER_LIMIT = 65_536;
const DIMENSIONS = 32;
const RESAVE = "Save it again with numpy.save(file, array), where array has one numeric type.";

/**
 * Reads either byte order, and C or Fortran order.
 * @param name the file's name in errors
 * @throws InputError if the file violates the format or does not hold plain numbers
 */
export function readNpy(bytes: Uint8Array, name: string): Npy {
  const wrong = (what: string) => new InputError("bad-latent", `${name}: ${what}`, RESAVE);
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw wrong("the file is not a .npy file");
  const [major = 0, minor = 0] = bytes.subarray(6, 8);
  if (major < 1 || major > 3 || minor !== 0) throw wrong(`the .npy version is ${major}.${minor}, not 1.0, 2.0 or 3.0`);
  const begin = major === 1 ? 10 : 12;
  if (bytes.length < begin) throw wrong(`the file has ${bytes.length} bytes, fewer than a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > HEADER_LIMIT) throw wrong(`the header has ${length} bytes; the limit is ${HEADER_LIMIT}`);
  if (begin + length > bytes.length)
    throw wrong(`the header should have ${length} bytes, but only ${bytes.length - begin} follow`);
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(begin, begin + length)));
  if (typeof header === "string") throw wrong(header);
  const { type, big, fortran, shape } = header;
  const count = shape.reduce((product, size) => product * size, 1);
  const size = Number(type[1]);
  const given = bytes.length - begin - length;
  if (count * size !== given)
    throw wrong(`${type} of shape (${shape}) takes ${count * size} bytes, but ${given} follow the header`);
  const body = new Uint8Array(bytes.subarray(begin + length));
  if (big) swapBytes(body, size);
  const data = held(type, body.buffer);
  return { type, shape, data: fortran ? rowMajor(data, shape) : data };
}

/** The bytes of a .npy file of version 1.0, little-endian, in C order. */
export function writeNpy<Type extends Exclude<NpyType, "f2">>({ type, shape, data }: Npy<Type>): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length) throw new RangeError(`${data.length} numbers do not have the shape (${shape})`);
  const order = type[1] === "1" ? "|" : "<";
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const text = `{'descr': '${order}${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The data start at a multiple of 64.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + data.byteLength);
  bytes.set([...MAGIC, 1, 0, length & 0xff, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return bytes;
}

/** The numbers as integers; undefined if one is not a whole number or not exact. */
export function wholeNumbers({ data }: Npy): number[] | undefined {
  const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
  return numbers.every(Number.isSafeInteger) ? numbers : undefined;
}

/** The numbers as F32; integers of more than 24 bits are rounded. */
export const floats = ({ data }: Npy): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number | bigint>, Number);

interface Header {
  readonly type: NpyType;
  readonly big: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The parsed header, or what is wrong with it. */
function parseHeader(text: string): Header | string {
  const dictionary = parseDictionary(text);
  if (dictionary === undefined)
    return "the header is not a dictionary of strings, booleans and tuples of whole numbers";
  const { descr, fortran_order: fortran, shape, ...others } = Object.fromEntries(dictionary);
  const [extra] = Object.keys(others);
  if (extra !== undefined) return `the header has the unknown key ${JSON.stringify(extra)}`;
  if (typeof descr !== "string") return "the header does not name one numeric type";
  if (typeof fortran !== "boolean") return "the header does not give the order of the numbers";
  if (!Array.isArray(shape)) return "the header has no shape";
  if (shape.length > DIMENSIONS) return `the shape has ${shape.length} dimensions; the limit is ${DIMENSIONS}`;
  if (!Number.isSafeInteger(shape.reduce((product, size) => product * size, 8)))
    return `the shape (${shape}) is too large`;
  const [order = "", type] = [descr[0], descr.slice(1)];
  if (!isType(type) || !"<>|=".includes(order)) return `the type ${JSON.stringify(descr)} is not supported`;
  return { type, big: order === ">", fortran, shape };
}

type Literal = string | boolean | number[];
const TOKEN = /\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)"|(\d{1,16})L?(?![\w.])|(True|False)\b|([{}(),:]))/y;

/** `{'key': value, …}` with values that are strings, True, False or tuples of whole numbers; each key once. */
function parseDictionary(text: string): Map<string, Literal> | undefined {
  let at = 0;
  const next = (): {
    readonly text?: string;
    readonly number?: number;
    readonly word?: boolean;
    readonly mark?: string;
  } => {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) return {};
    at = TOKEN.lastIndex;
    const [, single, double, number, word, mark] = found;
    if (number !== undefined) return { number: Number(number) };
    if (word !== undefined) return { word: word === "True" };
    if (mark !== undefined) return { mark };
    return { text: single ?? double ?? "" };
  };
  const tuple = () => {
    const numbers: number[] = [];
    for (;;) {
      const { number, mark } = next();
      if (mark === ")") return numbers;
      if (number === undefined) return undefined;
      numbers.push(number);
      const after = next().mark;
      // One number in parentheses is not a tuple.
      if (after === ")") return numbers.length > 1 ? numbers : undefined;
      if (after !== ",") return undefined;
    }
  };
  const value = (): Literal | undefined => {
    const token = next();
    return token.text ?? token.word ?? (token.mark === "(" ? tuple() : undefined);
  };
  const found = new Map<string, Literal>();
  if (next().mark !== "{") return undefined;
  for (;;) {
    const key = next();
    if (key.mark === "}") break;
    if (key.text === undefined || found.has(key.text) || next().mark !== ":") return undefined;
    const read = value();
    if (read === undefined) return undefined;
    found.set(key.text, read);
    const after = next().mark;
    if (after === "}") break;
    if (after !== ",") return undefined;
  }
  return text.slice(at).trim() === "" ? found : undefined;
}

function held(type: NpyType, buffer: ArrayBuffer): Held[NpyType] {
  if (type === "f2") return Float32Array.from(new Uint16Array(buffer), f16ToF32);
  return new HELD[type](buffer);
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
}

/** Converts Fortran order (first index fastest) to C order (last index fastest). */
function rowMajor<A extends Held[NpyType]>(data: A, shape: readonly number[]): A {
  const turned = data.slice() as A;
  const index = shape.map(() => 0);
  for (let to = 0; to < data.length; to++) {
    let from = 0;
    for (let d = shape.length - 1; d >= 0; d--) from = from * (shape[d] as number) + (index[d] as number);
    turned[to] = data[from] as number & bigint;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = (index[d] as number) + 1;
      if ((index[d] as number) < (shape[d] as number)) break;
      index[d] = 0;
    }
  }
  return turned;
}
