// Recognizes files that are not safetensors by their first bytes, never by their name.

interface Kind {
  /** A clause: "it is a zip archive". */
  readonly is: string;
  readonly remedy: string;
}

const FROM_PYTORCH =
  'Convert it: `python -c "import sys, torch; from safetensors.torch import save_file; save_file({k: v.contiguous().clone() for k, v in torch.load(sys.argv[1], weights_only=True).items()}, sys.argv[2])" OLD NEW.safetensors`.';

const KINDS: readonly (Kind & { readonly begins: readonly string[] })[] = [
  {
    begins: ["version https://git-lfs"],
    is: "it is a Git LFS pointer, not the file itself",
    remedy: "Fetch the file: `git lfs pull` in its repository.",
  },
  {
    begins: ["PK\x03\x04"],
    is: "it is a zip archive, as written by torch.save and numpy.savez",
    remedy: FROM_PYTORCH,
  },
  {
    begins: ["\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"],
    is: "it is a Python pickle, as written by older versions of torch.save",
    remedy: FROM_PYTORCH,
  },
  { begins: ["GGUF"], is: "it is a GGUF file", remedy: "Use the model's safetensors files instead." },
  { begins: ["\x89HDF"], is: "it is an HDF5 file", remedy: "Save the weights as safetensors instead." },
  { begins: ["\x93NUMPY"], is: "it is a .npy file", remedy: "Save the array in a safetensors file instead." },
  {
    begins: ["<!DOCTYPE", "<!doctype", "<html", "<HTML"],
    is: "it is a web page",
    remedy: "Download the file itself. Sites often send a page if a file needs a login or has moved.",
  },
  { begins: ["\x1f\x8b"], is: "it is compressed with gzip", remedy: "Unpack it with `gunzip`." },
];

/** The number of bytes that `foreignKind` and `isJsonObject` read. */
export const LOOKED_AT = 64;

/** One character per byte. */
const textOf = (start: Uint8Array) => String.fromCharCode(...start.subarray(0, LOOKED_AT));

/** Undefined if the bytes match no known kind. */
export function foreignKind(start: Uint8Array): Kind | undefined {
  const text = textOf(start).trimStart();
  return KINDS.find(({ begins }) => begins.some((one) => text.startsWith(one)));
}

/**
 * Whether a file is a JSON object. A safetensors file is not: it begins with the length of its header, which is far below
 * 2^32, so its bytes 4 to 7 are zero.
 */
export function isJsonObject(start: Uint8Array): boolean {
  const text = textOf(start.subarray(0, 8));
  return text.trimStart().startsWith("{") && !text.includes("\0");
}
