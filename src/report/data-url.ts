// Files within a page.

/** Characters per call, because a call has a limit on arguments. */
const JOINED = 2 ** 15;

/** @param type `image/png`, for example */
export function dataUrl(type: string, bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += JOINED) text += String.fromCharCode(...bytes.subarray(at, at + JOINED));
  return `data:${type};base64,${btoa(text)}`;
}
