// Reference tensors of the released PyTorch code: all in the folder next to the repository, or the few in test/fixtures.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MambaPart } from "../../src/blocks/mamba.fields.js";
import { readOwnSafetensors } from "../../src/data/safetensors.js";
import type { Tensor } from "../../src/data/tensor.js";
import type { CheckedSpec } from "../../src/front/spec.js";
import { image, sketch, speech, text } from "./spec.js";

const shared = fileURLToPath(new URL("../../../shared/fixtures", import.meta.url));
const included = fileURLToPath(new URL("../fixtures", import.meta.url));
const home = existsSync(shared) ? shared : included;

export interface Fixture {
  readonly name: string;
  readonly path: string;
  readonly spec: CheckedSpec;
  readonly batch: number;
  readonly length: number;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

function load(kind: "block" | "train", file: string): Fixture {
  const path = join(home, kind, file);
  const { tensors, metadata } = readOwnSafetensors(readFileSync(path), file);
  const modality = (tensors.get("modality") ?? tensors.get("batch.0.modality")) as Tensor;
  const [B, L] = modality.shape as [number, number];
  const decoupled = (metadata.decoupled ?? "").split(",").filter((part) => part !== "") as MambaPart[];
  const third = { ...speech, name: "image" };
  const spec = sketch({
    modalities:
      metadata.kind === "transfusion" ? [text, image] : [text, speech, third].slice(0, Number(metadata.n_modalities)),
    vocabulary: Number(metadata.vocab ?? 40),
    d_model: Number(metadata.d_model),
    layers: Number(metadata.n_blocks),
    block: {
      d_state: Number(metadata.d_state ?? 16),
      d_conv: Number(metadata.d_conv ?? 4),
      dt_bias: metadata.released_dt_bias === "true" ? "released" : "always",
    },
    decouple: decoupled,
    length: L,
  });
  return { name: file.replace(".safetensors", ""), path, spec, batch: B, length: L, tensors };
}

export const fixtures = (kind: "block" | "train"): Fixture[] =>
  readdirSync(join(home, kind))
    .filter((file) => file.endsWith(".safetensors"))
    .sort()
    .map((file) => load(kind, file));

/** ‖a − b‖ / ‖b‖. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += ((a[i] as number) - (b[i] as number)) ** 2;
    size += (b[i] as number) ** 2;
  }
  return Math.sqrt(difference / (size || 1));
}
