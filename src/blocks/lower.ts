// The blocks as ops, by kind.
import type { Builder } from "../ir/builder.js";
import type { TensorId } from "../ir/tensor.js";
import { lowerAttention } from "./attention.js";
import type { BlockFields, BlockOf } from "./block.fields.js";
import { lowerMamba } from "./mamba.js";
import type { Sequences } from "./sequences.js";

type Lower<Fields> = (builder: Builder, fields: Fields, layer: number, x: TensorId, sequences: Sequences) => TensorId;

const BLOCKS: { readonly [K in BlockFields["kind"]]: Lower<BlockOf<K>> } = {
  mamba: lowerMamba,
  attention: lowerAttention,
};

/** Adds layer `layer` to hidden states x [R, d] and returns its output [R, d]. */
export const lowerBlock: Lower<BlockFields> = (builder, fields, ...rest) =>
  (BLOCKS[fields.kind] as Lower<BlockFields>)(builder, fields, ...rest);
