// lower: a checked spec becomes a program of ops, forward only.

import { lowerAttention } from "../blocks/attention.js";
import { lowerMamba } from "../blocks/mamba.js";
import { NORM_EPS } from "../blocks/norm.js";
import type { Sequences } from "../blocks/sequences.js";
import type { BlockFields, BlockOf, CheckedSpec } from "../front/spec.js";
import { type Builder, build } from "../ir/builder.js";
import { shared } from "../ir/ownership.js";
import type { Program } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { type PatchesModality, patchSize, pictureCapacity } from "../modalities/modality.fields.js";
import { embedPatches, onlyAt } from "../modalities/patches.js";
import { embedTokens } from "../modalities/tokens.js";
import { lowerCrossEntropy, lowerLogits } from "../objectives/cross_entropy.js";
import { lowerDdpm } from "../objectives/ddpm.js";
import { scalarNames } from "../optimizers/table.js";

export interface LowerOptions {
  readonly batch: number;
  readonly length: number;
  /** Positions in a chunk of the scan. */
  readonly chunk: number;
  /**
   * model: everything, with its losses. denoise: no losses; `prediction.NAME` is a result.
   * next: tokens alone; `logits` at the batch's `last` positions is a result.
   * stack: the blocks alone, from the batch's `input` [R, d] to Σ output·`cotangent`.
   */
  readonly part: "model" | "denoise" | "next" | "stack";
  /** drawn: the noising is part of the program; given: the batch holds `noisy.NAME` and `noise.NAME`. */
  readonly noise: "drawn" | "given";
  /**
   * carried: every layer's recurrent state is an input, `state.layers.N.*`, and a result, `next.layers.N.*`.
   * If absent: as the spec says for the model with its losses, none for other parts.
   */
  readonly state?: Sequences["state"] | undefined;
  /** With a state carried: positions that the caches of attention hold. */
  readonly cache?: number | undefined;
  /** Whether each document begins from nothing; as the spec says if absent. */
  readonly reset?: boolean | undefined;
}

type LowerBlock<K extends BlockFields["kind"]> = (
  builder: Builder,
  fields: BlockOf<K>,
  layer: number,
  x: TensorId,
  sequences: Sequences,
) => TensorId;
const BLOCKS: { readonly [K in BlockFields["kind"]]: LowerBlock<K> } = { mamba: lowerMamba, attention: lowerAttention };

function lowerStack(builder: Builder, spec: CheckedSpec, x: TensorId, options: LowerOptions): TensorId {
  const carries = spec.data.carry && options.part === "model";
  const { state = carries ? "carried" : "none", cache = builder.length, reset = spec.data.reset } = options;
  builder.boundary(x);
  return spec.model.layers.reduce<TensorId>((hidden, index, layer) => {
    const block = spec.model.blocks[index];
    if (!block) throw new Error(`layer ${layer} names block ${index}, which the checked spec does not have`);
    const { fields } = block;
    const lowerBlock = BLOCKS[fields.kind] as LowerBlock<BlockFields["kind"]>;
    const next = lowerBlock(builder, fields, layer, hidden, { state, cache, reset });
    builder.boundary(next);
    return next;
  }, x);
}

function finalNorm(builder: Builder, x: TensorId): TensorId {
  const scale = builder.weight({
    names: ["norm.weight"],
    shape: [builder.columns(x)],
    initial: { kind: "ones" },
    layer: -1,
    part: 2,
    decay: false,
    of: shared(builder.modalities).of,
  });
  return builder.norm("norm", x, scale, NORM_EPS);
}

interface Picture {
  readonly modality: PatchesModality;
  readonly index: number;
  readonly noisy: TensorId;
  readonly noise: TensorId | undefined;
}

/** The noisy patches of a modality and the noise in them. */
function noised(builder: Builder, options: LowerOptions, modality: PatchesModality, index: number): Picture {
  const { name } = modality;
  const shape = [builder.rows, patchSize(modality)];
  if (options.part === "denoise") {
    return { modality, index, noisy: builder.input("batch", `noisy.${name}`, shape), noise: undefined };
  }
  if (options.noise === "given") {
    const noisy = builder.input("batch", `noisy.${name}`, shape);
    return { modality, index, noisy, noise: builder.input("batch", `noise.${name}`, shape) };
  }
  const clean = builder.input("batch", `clean.${name}`, shape);
  const level = builder.input("batch", `level.${name}`, [builder.rows, 2]);
  const picture = builder.input("batch", `picture.${name}`, [builder.rows], "i32");
  const capacity = pictureCapacity(modality, options.batch, options.length);
  const items = builder.input("batch", `item.${name}`, [capacity, 4], "u32");
  const key = builder.input("batch", "noise_key", [2], "u32");
  const call = { in: { clean, level, picture, items, key }, modality: index };
  return { modality, index, ...builder.make("noise", call, { noisy: `noisy.${name}`, noise: `noise.${name}` }) };
}

/** T of a continuous modality; without an objective its pictures stand clean, at t = 0 of a single step. */
export function diffusionSteps(spec: CheckedSpec, index: number): number {
  const objective = spec.objectives[index];
  return objective?.kind === "ddpm" ? objective.steps : 1;
}

export function lower(spec: CheckedSpec, options: LowerOptions): Program {
  const { modalities, vocabulary, d_model } = spec.model;
  const scalars = scalarNames(spec.train.optimizer);
  const builder = build(options.part, { ...options, modalities: modalities.length, scalars });
  if (options.part === "stack") {
    const x = builder.input("batch", "input", [builder.rows, d_model]);
    const output = lowerStack(builder, spec, x, options);
    builder.publish(output, "output");
    const cotangent = builder.input("batch", "cotangent", [builder.rows, d_model]);
    builder.publish(builder.make("dot", { in: { a: output, b: cotangent } }, { y: "loss" }).y, "loss");
    return builder.program();
  }
  const pictures: Picture[] = modalities.flatMap((modality, index) =>
    modality.kind === "patches" && options.part !== "next" ? [noised(builder, options, modality, index)] : [],
  );
  let x = embedTokens(builder, vocabulary.size, d_model);
  for (const { modality, index, noisy } of pictures) {
    const input = {
      name: modality.name,
      index,
      patchSize: patchSize(modality),
      pictures: pictureCapacity(modality, options.batch, options.length),
      steps: diffusionSteps(spec, index),
    };
    x = embedPatches(builder, input, x, noisy);
  }
  const hidden = finalNorm(builder, lowerStack(builder, spec, x, options));
  const predictsTokens = spec.objectives.some((o) => o?.kind === "cross_entropy");
  if (options.part === "model" && predictsTokens) lowerCrossEntropy(builder, hidden, vocabulary.size);
  if (options.part === "next" && predictsTokens) lowerLogits(builder, hidden, vocabulary.size);
  for (const { modality, index, noise } of pictures) {
    if (spec.objectives[index]?.kind !== "ddpm") continue;
    const of = onlyAt(modalities.length, index);
    lowerDdpm(builder, hidden, of, { name: modality.name, index, patchSize: patchSize(modality), noise });
  }
  return builder.program();
}
