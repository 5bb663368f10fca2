// lower: a checked spec becomes a program of ops, forward only.

import { lowerBlock } from "../blocks/lower.js";
import { NORM_EPS } from "../blocks/norm.js";
import type { Sequences } from "../blocks/sequences.js";
import type { CheckedSpec } from "../front/spec.js";
import { type Builder, build } from "../ir/builder.js";
import { shared } from "../ir/ownership.js";
import type { Program } from "../ir/program.js";
import type { TensorId } from "../ir/tensor.js";
import { embedIds, embedItems, onlyAt } from "../modalities/embed.js";
import { itemCapacity, itemOf } from "../modalities/modality.fields.js";
import type { ItemShape } from "../modalities/row.fields.js";
import { lowerChoice, lowerCrossEntropy, lowerLogits } from "../objectives/cross_entropy.js";
import { lowerItemLoss, type OfItem, ofItems } from "../objectives/items.js";
import { learnedOf } from "../objectives/objective.fields.js";
import { scalarNames } from "../optimizers/table.js";

export interface LowerOptions {
  readonly batch: number;
  readonly length: number;
  /** Positions in a chunk of the scan. */
  readonly chunk: number;
  /**
   * model: everything, with its losses. denoise: no losses; the predictions of items are results.
   * next: tokens alone; the `logits` at the batch's `last` positions are a result.
   * stack: the blocks alone, from the batch's `input` [R, d] to Σ output·`cotangent`.
   */
  readonly part: "model" | "denoise" | "next" | "stack";
  /** drawn: the program adds the noise. given: the batch holds noisy numbers and their noise. */
  readonly noise: "drawn" | "given";
  /**
   * carried: the recurrent state of every layer is an input, and its new value is a result.
   * The default for the model with its losses is the spec's `data.carry`; for other parts it is `none`.
   */
  readonly state?: Sequences["state"] | undefined;
  /** With a carried state: the positions that the caches of attention hold. */
  readonly cache?: number | undefined;
  /** For `next`: the largest number of ids that are chosen one after the other on the device. None are by default. */
  readonly run?: number | undefined;
  /** Whether each document starts from an empty state. The default is the spec's `data.reset`. */
  readonly reset?: boolean | undefined;
}

function lowerStack(builder: Builder, spec: CheckedSpec, x: TensorId, options: LowerOptions): TensorId {
  const carries = spec.data.carry && options.part === "model";
  const { state = carries ? "carried" : "none", cache = builder.length, reset = spec.data.reset } = options;
  builder.boundary(x);
  return spec.model.layers.reduce<TensorId>((hidden, index, layer) => {
    const block = spec.model.blocks[index];
    if (!block) throw new Error(`layer ${layer} names block ${index}, which the checked spec does not have`);
    const next = lowerBlock(builder, block.fields, layer, hidden, { state, cache, reset });
    builder.boundary(next);
    return next;
  }, x);
}

/**
 * Declares a copy of each recurrent state. The caches of attention need none, since positions beyond those that were
 * read are not seen.
 */
function keepStates({ tensors, ops }: Program, builder: Builder): void {
  const caches = new Set(ops.flatMap((op) => (op.kind === "append" ? [op.in.cache] : [])));
  for (const { id, means, shape } of tensors)
    if (means?.is === "state" && !caches.has(id)) builder.field("state", { ...means, is: "kept" }, shape);
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

/** The items of a modality, at their positions [R, columns]. */
interface Items {
  readonly name: string;
  readonly index: number;
  readonly shape: ItemShape;
  readonly objective: OfItem;
  readonly noisy: TensorId;
  /** The target of the prediction; undefined if the program only predicts. */
  readonly target: TensorId | undefined;
}

/** A modality's items in the batch, with the noise that their objective defines. */
function noised(builder: Builder, options: LowerOptions, about: Omit<Items, "noisy" | "target">): Items {
  const { name, index, shape, objective } = about;
  const size = [builder.rows, shape.columns];
  const clean = (): TensorId => builder.input("batch", { is: "clean", modality: name }, size);
  if (options.part === "denoise")
    return { ...about, noisy: builder.input("batch", { is: "noisy", modality: name }, size), target: undefined };
  if (options.noise === "given") {
    const noisy = builder.input("batch", { is: "noisy", modality: name }, size);
    const noise = builder.input("batch", { is: "noise", modality: name }, size);
    return { ...about, noisy, target: objective.lowerTarget(builder, { name, noise, clean }) };
  }
  const values = clean();
  const level = builder.input("batch", { is: "level", modality: name }, [builder.rows, 2]);
  const item = builder.input("batch", { is: "index", modality: name }, [builder.rows], "i32");
  const items = builder.input(
    "batch",
    { is: "item", modality: name },
    [itemCapacity(shape, options.batch, options.length), 4],
    "u32",
  );
  const key = builder.input("batch", { is: "noise_key" }, [2], "u32");
  const call = { in: { clean: values, level, item, items, key }, modality: index };
  const { noisy, noise } = builder.make("noise", call, { noisy: `noisy.${name}`, noise: `noise.${name}` });
  return { ...about, noisy, target: objective.lowerTarget(builder, { name, noise, clean }) };
}

export function lower(spec: CheckedSpec, options: LowerOptions): Program {
  const { modalities, vocabulary, d_model } = spec.model;
  const scalars = scalarNames(spec.train.optimizer);
  const builder = build(options.part, { ...options, modalities: modalities.length, scalars });
  if (options.part === "stack") {
    const x = builder.input("batch", { is: "input" }, [builder.rows, d_model]);
    const output = lowerStack(builder, spec, x, options);
    builder.publish(output, { is: "output" });
    const cotangent = builder.input("batch", { is: "cotangent" }, [builder.rows, d_model]);
    builder.publish(builder.make("dot", { in: { a: output, b: cotangent } }, { y: "loss" }).y, { is: "loss" });
    return builder.program();
  }
  const items = modalities.flatMap((modality, index): Items[] => {
    const shape = itemOf(modality);
    if (shape === undefined || options.part === "next") return [];
    const objective = ofItems(spec.objectives[index]);
    return [noised(builder, options, { name: modality.name, index, shape, objective })];
  });
  let x = embedIds(builder, vocabulary.size, d_model);
  for (const { name, index, shape, objective, noisy } of items) {
    const timed = { name, items: itemCapacity(shape, options.batch, options.length) };
    const times = (): TensorId => objective.lowerTimes(builder, timed);
    x = embedItems(builder, { name, index, columns: shape.columns, times }, x, noisy);
  }
  const hidden = finalNorm(builder, lowerStack(builder, spec, x, options));
  const predictsIds = spec.objectives.some((objective) => learnedOf(objective) === "ids");
  if (options.part === "model" && predictsIds) lowerCrossEntropy(builder, hidden, vocabulary.size);
  if (options.part === "next" && predictsIds) {
    const logits = lowerLogits(builder, hidden, vocabulary.size);
    if (options.run !== undefined) {
      lowerChoice(builder, logits, options.run);
      keepStates(builder.program(), builder);
    }
  }
  for (const { name, index, shape, target } of items) {
    if (learnedOf(spec.objectives[index]) !== "items") continue;
    const of = onlyAt(modalities.length, index);
    lowerItemLoss(builder, hidden, of, { name, index, columns: shape.columns, target });
  }
  return builder.program();
}
