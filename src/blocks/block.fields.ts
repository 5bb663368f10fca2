// The kinds of block, and what everyone may ask of one without knowing its kind.
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

/** From JSON that the schema has passed. */
export const checkBlock = (json: BlockJson, checking: Checking): BlockFields => rowOf(json).check(json, checking);

/** `d_model` must be a multiple of this. */
export const multipleOf = (block: BlockFields | BlockJson): number => rowOf(block).multipleOf(block);

/** Whether it is a scan, which is cut into chunks and can carry its state from batch to batch. */
export const scans = (fields: BlockFields): boolean => rowOf(fields).scans;

/** What it lets positions see of their item; undefined where it attends to no keys. */
export const spansOf = (fields: BlockFields): Spans | undefined => rowOf(fields).spans(fields);

/** What tells one block of the kind from another, for people. */
export const sizesOf = (fields: BlockFields, d_model: number): Record<string, number> =>
  rowOf(fields).sizes(fields, d_model);

/** From the block's input to its output. */
export const flowOf = (fields: BlockFields): Residual[] => rowOf(fields).flow(fields);
