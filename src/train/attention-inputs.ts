// The inputs of attention in a batch: the keys that each position sees, and its position for RoPE.
import type { Batch, Item } from "../batch/batch.js";
import type { HostField } from "../batch/host-array.js";
import { spansOf } from "../blocks/block.fields.js";
import type { Spans } from "../blocks/row.fields.js";
import type { CheckedSpec } from "../front/spec.js";
import { positionsOfItem } from "../modalities/modality.fields.js";

/** The documents of a batch's positions, and the items among them. */
interface Placed extends Pick<Batch, "length" | "document"> {
  readonly items: readonly Pick<Item, "modality" | "position">[];
}

/** The first position of each position's document, within its sequence. */
function starts({ document, length }: Placed): Int32Array {
  const first = new Int32Array(document.length);
  for (let r = 0; r < first.length; r++) {
    const t = r % length;
    first[r] = t > 0 && document[r] === document[r - 1] ? (first[r - 1] as number) : t;
  }
  return first;
}

/** The first and the last key of each position: [rows, 2]. Padding sees only itself. */
export function keyRanges(spec: CheckedSpec, placed: Placed, spans: Spans, reset: boolean): Int32Array<ArrayBuffer> {
  const { document, length, items } = placed;
  const keys = new Int32Array(2 * document.length);
  const first = starts(placed);
  for (let r = 0; r < document.length; r++) {
    const t = r % length;
    keys[2 * r] = (document[r] as number) < 0 ? t : reset ? (first[r] as number) : 0;
    keys[2 * r + 1] = t;
  }
  for (const { modality, position } of spans === "both" ? items : []) {
    const end = position + positionsOfItem(spec.model.modalities[modality]);
    for (let r = position; r < end; r++) keys[2 * r + 1] = (end - 1) % length;
  }
  return keys;
}

/** What an item sees in the attention blocks of a spec; empty if it has no such block. */
function spansIn({ model: { blocks, layers } }: CheckedSpec): Spans[] {
  const used = [...new Set(layers)].flatMap((index) => {
    const block = blocks[index];
    return (block && spansOf(block.fields)) ?? [];
  });
  return [...new Set(used)];
}

/** Whether the stack has an attention block. */
export const attends = (spec: CheckedSpec): boolean => spansIn(spec).length > 0;

/** The batch tensors of a spec's attention blocks; none if it has no such block. */
export function attentionArrays(spec: CheckedSpec, placed: Placed, reset = spec.data.reset): HostField[] {
  const used = spansIn(spec);
  if (used.length === 0) return [];
  const first = starts(placed);
  const position = first.map((start, r) => (r % placed.length) - (reset ? start : 0));
  return [
    [{ is: "position" }, position],
    ...used.map((spans): HostField => [{ is: "keys", spans }, keyRanges(spec, placed, spans, reset)]),
  ];
}

/**
 * The same with cached keys and values: `length` positions for each sequence, after the `read[b]` in its cache.
 * @param item whether the positions are those of one item
 */
export function cachedArrays(spec: CheckedSpec, read: readonly number[], length: number, item: boolean): HostField[] {
  const used = spansIn(spec);
  if (used.length === 0) return [];
  const position = Int32Array.from({ length: read.length * length }, (_, r) => {
    return (read[Math.floor(r / length)] as number) + (r % length);
  });
  const keys = (spans: Spans) => {
    const ranges = new Int32Array(2 * position.length);
    position.forEach((t, r) => {
      ranges[2 * r + 1] = spans === "both" && item ? t + length - 1 - (r % length) : t;
    });
    return ranges;
  };
  return [
    [{ is: "place" }, Int32Array.from(read)],
    [{ is: "position" }, position],
    ...used.map((spans): HostField => [{ is: "keys", spans }, keys(spans)]),
  ];
}
