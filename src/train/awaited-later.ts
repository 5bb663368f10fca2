/** Lets a promise fail before it is awaited without ending the process. Awaiting it still throws. */
export function awaitedLater<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
