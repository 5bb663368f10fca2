// The kinds of block, and functions that work for every kind.
import { type AttentionFields, type AttentionJson, attention } from "./attention.fields.js";
import { type MambaFields, type MambaJson, mamba } from "./mamba.fields.js";
import type { BlockRow, Checking, Residual, Spans } from "./row.fields.js";

export type BlockFields = MambaFields | AttentionFields;
export type BlockJson = MambaJson | AttentionJson;
/** The fields of one kind of block. */
export type BlockOf<K extends BlockFields["kind"]> = Extract<BlockFields, { readonly kind: K }>;

const BLOCKS: {
  readonly [K in BlockFields["kind"]]: BlockRow<BlockOf<K>, Extract<BlockJson, { readonly kind: K }>>;
} = { mamba, attention };

const rowOf = ({ kind }: { readonly kind: BlockFields["kind"] }): BlockRow<BlockFields, BlockJson> =>
  BLOCKS[kind] as BlockRow<BlockFields, BlockJson>;

/** Checks JSON that matches the schema. */
export const checkBlock = (json: BlockJson, checking: Checking): BlockFields => rowOf(json).check(json, checking);

/** `d_model` must be a multiple of this. */
export const multipleOf = (block: BlockFields | BlockJson): number => rowOf(block).multipleOf(block);

/** Whether it is a scan, which works in chunks and can carry its state from batch to batch. */
export const scans = (fields: BlockFields): boolean => rowOf(fields).scans;

/** How positions see their own item; undefined without attention. */
export const spansOf = (fields: BlockFields): Spans | undefined => rowOf(fields).spans(fields);

/** The sizes that distinguish blocks of the kind, for display. */
export const sizesOf = (fields: BlockFields, d_model: number): Record<string, number> =>
  rowOf(fields).sizes(fields, d_model);

/** The stages from the block's input to its output. */
export const flowOf = (fields: BlockFields): Residual[] => rowOf(fields).flow(fields);
