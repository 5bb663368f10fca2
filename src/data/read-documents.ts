// Decodes the pictures and recordings of documents, several at a time, and turns them into codes if the modality has a
// codebook. Latents are read from .npy and safetensors files as [channels, height, width].
import { BadFile } from "../diagnostics/bad-file.js";
import { InputError } from "../diagnostics/input-error.js";
import { itemOf } from "../modalities/modality.fields.js";
import type { PatchGeometry } from "../modalities/pixels.js";
import type { ModelParts } from "../modalities/text.js";
import { readAudio } from "./audio/read-audio.js";
import { unitsOf } from "./audio/units.js";
import { asBadFile } from "./bad-files.js";
import { codesOf, pictureCodebook, speechCodebook } from "./codebook.js";
import type { Codecs } from "./codecs.js";
import type { Disk } from "./disk.js";
import { type FileBytes, readFileBytes } from "./file-bytes.js";
import type { DataHost } from "./host.js";
import { floats, readNpy } from "./npy.js";
import { decodePicture, readPicture } from "./picture-file.js";
import { readInputLater } from "./read-input.js";
import { readSafetensors, type Safetensors } from "./safetensors.js";
import type { PreparedDocument, PreparedSegment } from "./shard.js";
import { filePlace, type SourceDocument, type SourceSegment } from "./sources/source.js";
import { CONVERT, isRead } from "./tensor.js";

/** A document, or its unreadable files. */
export type ReadDocument = PreparedDocument | { readonly bad: readonly BadFile[] };

/** A document whose hash is known. */
export type HashedDocument = SourceDocument & { readonly hash: number };

/** @returns reads one document; documents may be read at the same time */
export function documentReader(
  parts: ModelParts,
  codecs: Codecs,
  host: DataHost,
): (document: HashedDocument) => Promise<ReadDocument> {
  const reading = { parts, codecs, host, readLatent: latentReader(host.disk) };
  return (document) => readDocument(document, reading);
}

interface Reading {
  readonly parts: ModelParts;
  readonly codecs: Codecs;
  readonly host: DataHost;
  readonly readLatent: ReturnType<typeof latentReader>;
}

async function readDocument(document: HashedDocument, reading: Reading): Promise<ReadDocument> {
  const bad = [...(document.bad ?? [])];
  const segments: PreparedSegment[] = [];
  const read = await Promise.allSettled(
    document.segments.map((segment) => readSegment(segment, document.place, reading)),
  );
  for (const result of read) {
    if (result.status === "fulfilled") segments.push(result.value);
    else if (result.reason instanceof BadFile) bad.push(result.reason);
    else throw result.reason;
  }
  return bad.length > 0 ? { bad } : { ...document, segments };
}

async function readSegment(segment: SourceSegment, place: string, reading: Reading): Promise<PreparedSegment> {
  try {
    if ("ids" in segment) return segment;
    const read = await fileOf(segment, filePlace(segment, place), reading);
    return segment.counted === false ? { ...read, counted: false } : read;
  } catch (error) {
    throw asBadFile(error);
  }
}

async function fileOf(
  segment: Exclude<SourceSegment, { readonly ids: unknown }>,
  place: string,
  { parts, codecs, host, readLatent }: Reading,
): Promise<PreparedSegment> {
  if ("audio" in segment) {
    const codebook = speechCodebook(codecs, segment.modality);
    if (codebook === undefined) throw new RangeError(`modality ${segment.modality} does not hold speech`);
    return {
      modality: segment.modality,
      ids: unitsOf(readAudio(await readFileBytes(host.disk, segment.audio, place), place), codebook),
    };
  }
  const item = itemOf(parts.modalities[segment.modality]);
  if ("latent" in segment) {
    if (item === undefined) throw new RangeError(`modality ${segment.modality} does not hold latents`);
    return { modality: segment.modality, latent: await readLatent(segment, item, place) };
  }
  const image = () => readPicture(host.disk, segment.image, place);
  const codebook = pictureCodebook(codecs, segment.modality);
  if (codebook !== undefined) {
    const pixels = await decodePicture(host, image, codebook.facts.kind, place);
    return { modality: segment.modality, ids: codesOf(pixels, codebook) };
  }
  if (item === undefined) throw new RangeError(`modality ${segment.modality} does not hold pictures`);
  if (item.live !== undefined) {
    // A picture that cannot be decoded is found now, and not in the middle of a training.
    const file = await image();
    await decodePicture(host, file, item, place);
    return { modality: segment.modality, file };
  }
  return { modality: segment.modality, pixels: await decodePicture(host, image, item, place) };
}

/** The size of a latent. */
type LatentSize = Pick<PatchGeometry, "height" | "width" | "channels">;

interface LatentFile {
  readonly latent: FileBytes;
  /** The tensor in a safetensors file. */
  readonly tensor?: string;
}

/** Reads latents. Keeps the last safetensors file, since consecutive documents often name the same one. */
function latentReader(disk: Disk) {
  let kept: { readonly path: string; readonly file: Promise<Safetensors> } | undefined;
  const opened = (latent: FileBytes, place: string) => {
    if (!("path" in latent)) return Promise.resolve(readSafetensors(latent.bytes, place));
    const { path } = latent;
    if (kept?.path !== path)
      kept = { path, file: readInputLater(disk, path, place).then((bytes) => readSafetensors(bytes, place)) };
    return kept.file;
  };
  /**
   * @param place the latent's name in errors
   * @returns [height, width, channels], the layout of patches
   */
  return async ({ latent, tensor }: LatentFile, size: LatentSize, place: string): Promise<Float32Array> => {
    const { shape, data } =
      tensor === undefined
        ? npyNumbers(await readFileBytes(disk, latent, place), place)
        : tensorNumbers(await opened(latent, place), tensor, place);
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
      names.length > 0 ? `Use one of ${names.slice(0, 8).join(", ")}.` : "The file has no tensors.",
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

/** Accepts a leading 1, which encoders add for a batch of one. */
function checked({ shape, data }: Numbers, { height, width, channels }: LatentSize, place: string): Float32Array {
  const bare = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  if (bare.join() !== `${channels},${height},${width}`)
    throw new InputError(
      "bad-latent",
      `${place}: the latent has the shape [${shape}], not [${channels},${height},${width}]`,
      "Save it as [channels, height, width] with the modality's size and channels.",
    );
  if (!data.every(Number.isFinite))
    throw new InputError("bad-latent", `${place}: the latent contains NaN or infinity`, "Encode the picture again.");
  return data;
}

/** From [channels, height, width] to [height, width, channels]. */
function lastChannels(latent: Float32Array, { height, width, channels }: LatentSize): Float32Array {
  const pixels = height * width;
  return Float32Array.from(latent, (_, i) => latent[(i % channels) * pixels + Math.floor(i / channels)] as number);
}
