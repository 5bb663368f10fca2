// Web streams from pieces of bytes, and their results one after another.

/** @param pieces a piece may be overwritten when the next is requested */
export function streamOf(
  pieces: Iterator<Uint8Array> | AsyncIterator<Uint8Array>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await pieces.next();
        if (next.done) controller.close();
        // A copy: the piece may be overwritten.
        else controller.enqueue(new Uint8Array(next.value));
      },
      async cancel() {
        await pieces.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** @param errorOf turns the stream's errors into those to throw */
export async function* resultsOf<T>(
  stream: ReadableStream<T>,
  errorOf: (error: unknown) => unknown,
): AsyncGenerator<T, void, undefined> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw errorOf(error);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
