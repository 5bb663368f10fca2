// Merges the symbols of one word: always the pair that is first in the list of merges, of equal ones the leftmost.
import type { Merges } from "./merges.js";

/** In time n log n: a heap holds the merges that were possible when they were seen. */
export function mergeAll(symbols: readonly number[], merges: Merges): readonly number[] {
  const count = symbols.length;
  if (count < 2) return symbols;
  const ids = Int32Array.from(symbols);
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
  const before = Int32Array.from({ length: count }, (_, i) => i - 1);
  const heap = mergeHeap();
  const look = (left: number, right: number): void => {
    const merge = merges.get(ids[left] as number, ids[right] as number);
    if (merge !== undefined) heap.push(merge.rank, left, merge.id);
  };
  for (let i = 0; i + 1 < count; i++) look(i, i + 1);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const { position, id } = top;
    const right = next[position] as number;
    if (ids[position] === GONE || right === -1) continue;
    // A pair that has changed since may have become another that makes the same token; the library merges that, too.
    if (merges.get(ids[position] as number, ids[right] as number)?.id !== id) continue;
    ids[position] = id;
    ids[right] = GONE;
    const after = next[right] as number;
    next[position] = after;
    if (after !== -1) before[after] = position;
    const left = before[position] as number;
    if (left !== -1) look(left, position);
    if (after !== -1) look(position, after);
  }
  const merged: number[] = [];
  for (let i = 0; i !== -1; i = next[i] as number) merged.push(ids[i] as number);
  return merged;
}

const GONE = -1;

interface Possible {
  readonly rank: number;
  readonly position: number;
  readonly id: number;
}

/** A binary heap, by rank and then by position. */
function mergeHeap() {
  const heap: Possible[] = [];
  const less = (a: Possible, b: Possible): boolean => a.rank < b.rank || (a.rank === b.rank && a.position < b.position);
  const push = (rank: number, position: number, id: number): void => {
    const one = { rank, position, id };
    let at = heap.length;
    heap.push(one);
    for (; at > 0; ) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Possible;
      if (!less(one, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = one;
  };
  const pop = (): Possible | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && less(heap[child + 1] as Possible, heap[child] as Possible)) child++;
      if (!less(heap[child] as Possible, last)) break;
      heap[at] = heap[child] as Possible;
      at = child;
    }
    heap[at] = last;
    return top;
  };
  return { push, pop };
}
