// `patches`: an item is a picture or its latent, cut into patches. Each position holds one patch.
import { latentsNotFitted, notDecodedLive, patchDoesNotDivide } from "../diagnostics/modality.js";
import {
  latentOf,
  type PatchGeometry,
  patchesOf,
  patchesOfLatent,
  patchesPerPicture,
  patchSize,
  pixelsOf,
} from "./pixels.js";
import { type Fit, grouped, type ItemsRow } from "./row.fields.js";

export interface PatchesModality extends PatchGeometry {
  readonly kind: "patches";
  readonly name: string;
  /** Latents are used as they are. Pixels, the default, are scaled to [−1, 1]. */
  readonly values?: "latents";
  /** How pictures of another shape fill the size. Absent for `pad`, the default, so that keys of older shards stay valid. */
  readonly fit?: Exclude<Fit, "pad">;
  /** Shards hold the files of pictures, which training decodes. Absent if they hold pixels. */
  readonly decode?: "live";
  /** With `decode: live`: the probability that training mirrors a picture. Absent for 0. */
  readonly flip?: number;
  /** With `decode: live`: the smallest part of a picture's sides that training crops to. Absent for 1. */
  readonly crop?: number;
}

export interface PatchesJson {
  readonly kind: "patches";
  readonly size: string;
  readonly patch: string;
  readonly channels: number;
  readonly values: "pixels" | "latents";
  readonly fit?: Fit;
  readonly decode?: "ahead" | "live";
  readonly flip?: number;
  readonly crop?: number;
}

export const patches: ItemsRow<PatchesModality, PatchesJson> = {
  holds: "items",
  check(name, { size, patch, channels, values, fit = "pad", decode = "ahead", flip = 0, crop = 1 }, { at, report }) {
    const [height, width] = sides(size);
    const [patchHeight, patchWidth] = sides(patch);
    const wrong = height % patchHeight !== 0 ? "height" : width % patchWidth !== 0 ? "width" : undefined;
    if (wrong !== undefined) report(patchDoesNotDivide(at("patch"), patch, size, wrong, at("size")));
    if (values === "latents" && fit !== "pad") report(latentsNotFitted(at("fit"), fit, at("values")));
    const live = decode === "live";
    if (live && values === "latents") report(notDecodedLive(at("decode"), "decode", at("values")));
    if (!live && flip !== 0) report(notDecodedLive(at("flip"), "flip"));
    if (!live && crop !== 1) report(notDecodedLive(at("crop"), "crop"));
    return {
      ...{ kind: "patches", name, height, width, patchHeight, patchWidth, channels },
      ...(values === "latents" && { values }),
      ...(fit !== "pad" && { fit }),
      ...(live && { decode, ...(flip !== 0 && { flip }), ...(crop !== 1 && { crop }) }),
    };
  },
  item(m) {
    const { height, width, channels, patchHeight, patchWidth, fit, decode, flip = 0, crop = 1 } = m;
    const live = decode === "live" ? { live: { flip, crop } } : {};
    const size = { height, width, channels, patchHeight, patchWidth, ...(fit !== undefined && { fit }), ...live };
    const shape = { positions: patchesPerPicture(m), columns: patchSize(m), ...size };
    return m.values === "latents"
      ? {
          ...shape,
          type: "F32",
          split: (stored, into) => patchesOfLatent(stored as Float32Array, m, into),
          join: (columns) => latentOf(columns, m),
        }
      : {
          ...shape,
          type: "U8",
          split: (stored, into) => patchesOf(stored as Uint8Array, m, into),
          join: (columns) => pixelsOf(columns, m),
        };
  },
  stored({ flip: _flip, crop: _crop, fit, ...m }) {
    const stored = { ...m, name: "", patchHeight: 0, patchWidth: 0 };
    return m.decode === "live" ? { ...stored, height: 0, width: 0, channels: 0 } : { ...stored, ...(fit && { fit }) };
  },
  contents: {
    image: {
      as: "patches",
      example: "modality image: patches(size: 32x32, patch: 4x4, channels: 3)",
      if: ({ values }) => values !== "latents",
    },
    latent: {
      as: "patches of latents",
      example: "modality image: patches(size: 32x32, patch: 2x2, channels: 8, values: latents)",
      if: ({ values }) => values === "latents",
    },
  },
  about(m) {
    const whole = `${m.height} × ${m.width} × ${m.channels}${m.values === "latents" ? " latents" : ""}`;
    return `${grouped(patchesPerPicture(m))} patches of ${m.patchHeight} × ${m.patchWidth} in ${whole}`;
  },
};

/** Height and width of a size that matches the schema. */
function sides(size: string): [number, number] {
  const [height, width] = size.split("x").map(Number);
  return [height ?? 0, width ?? 0];
}
