// Latents of pictures, made by others: [channels, height, width] in .npy or safetensors files.
import { InputError } from "../diagnostics/input-error.js";
import type { PatchGeometry } from "../modalities/pixels.js";
import type { Disk } from "./disk.js";
import { floats, readNpy } from "./npy.js";
import { readInputLater } from "./read-input.js";
import { readSafetensors, type Safetensors } from "./safetensors.js";
import { CONVERT, isRead } from "./tensor.js";

/** The size of a latent: that of the modality's picture. */
type LatentSize = Pick<PatchGeometry, "height" | "width" | "channels">;

export interface LatentFile {
  readonly path: string;
  /** The tensor in a safetensors file. */
  readonly tensor?: string;
}

/** Reads latents; documents that follow each other often name one safetensors file, which is kept. */
export function latentReader(disk: Disk) {
  let kept: { readonly path: string; readonly file: Promise<Safetensors> } | undefined;
  const opened = (path: string, place: string): Promise<Safetensors> => {
    if (kept?.path !== path)
      kept = { path, file: readInputLater(disk, path, place).then((bytes) => readSafetensors(bytes, place)) };
    return kept.file;
  };
  /**
   * @param place names the latent in errors
   * @returns [height, width, channels], as patches take them
   */
  return async ({ path, tensor }: LatentFile, size: LatentSize, place: string): Promise<Float32Array> => {
    const { shape, data } =
      tensor === undefined
        ? npyNumbers(await readInputLater(disk, path, place), place)
        : tensorNumbers(await opened(path, place), tensor, place);
    return lastChannels(checked({ shape, data }, size, place), size);
  };
}

interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

function npyNumbers(bytes: Uint8Array, place: string): Numbers {
  const npy = readNpy(bytes, place);
  return { shape: npy.shape, data: floats(npy) };
}

function tensorNumbers({ tensors }: Safetensors, name: string, place: string): Numbers {
  const tensor = tensors.get(name);
  if (tensor === undefined) {
    const names = [...tensors.keys()];
    throw new InputError(
      "bad-latent",
      `${place}: there is no tensor ${JSON.stringify(name)}`,
      names.length > 0 ? `Name one of ${names.slice(0, 8).join(", ")}.` : "The file has no tensors.",
    );
  }
  if (!isRead(tensor))
    throw new InputError(
      "bad-latent",
      `${place}: the tensor ${JSON.stringify(name)} has the type ${tensor.stored}`,
      CONVERT,
    );
  const { shape, data } = tensor;
  return { shape, data: data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number) };
}

/** A leading 1, as encoders give for a batch of one, is let pass. */
function checked({ shape, data }: Numbers, { height, width, channels }: LatentSize, place: string): Float32Array {
  const bare = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  if (bare.join() !== `${channels},${height},${width}`)
    throw new InputError(
      "bad-latent",
      `${place}: the latent has the shape [${shape}], not [${channels},${height},${width}]`,
      "Save it as [channels, height, width], of the size and the channels that the modality has.",
    );
  if (!data.every(Number.isFinite))
    throw new InputError(
      "bad-latent",
      `${place}: the latent holds a number that is not finite`,
      "Encode the picture again.",
    );
  return data;
}

/** From [channels, height, width] to [height, width, channels]. */
function lastChannels(latent: Float32Array, { height, width, channels }: LatentSize): Float32Array {
  const pixels = height * width;
  return Float32Array.from(latent, (_, i) => latent[(i % channels) * pixels + Math.floor(i / channels)] as number);
}
