// Works on several items at a time and yields the results in order.

/** How much is in work at a time: whichever limit is reached first, but at least one item. */
export interface InWork<T> {
  readonly items: number;
  readonly size: number;
  readonly sizeOf: (item: T) => number;
}

/** Stops at the first error, of the items or of the work, after the results that precede it. */
export async function* inOrder<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  limit: InWork<T>,
): AsyncGenerator<R, void, undefined> {
  const begun: { readonly result: Promise<R>; readonly size: number }[] = [];
  let size = 0;
  const finished = () => {
    const first = begun.shift() as (typeof begun)[number];
    size -= first.size;
    return first.result;
  };
  for await (const item of items) {
    const own = limit.sizeOf(item);
    while (begun.length > 0 && (begun.length >= limit.items || size + own > limit.size)) yield await finished();
    const result = work(item);
    // It is awaited in its turn; an earlier error may come first.
    result.catch(() => {});
    begun.push({ result, size: own });
    size += own;
  }
  while (begun.length > 0) yield await finished();
}
