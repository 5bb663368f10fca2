// A file's bytes, read where they are asked for: for shards, which may be more than memory holds.
import { fstatSync, openSync, readSync } from "node:fs";
import type { Bytes } from "./safetensors.js";

/** Stays open as long as the process runs: what deletes the file takes nothing from whoever reads it. */
export function fileBytes(path: string): Bytes {
  const file = openSync(path, "r");
  const { size: length } = fstatSync(file);
  return {
    length,
    slice(begin, end) {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, length) - begin));
      let done = 0;
      for (let got = -1; got !== 0 && done < bytes.length; done += got)
        got = readSync(file, bytes, done, bytes.length - done, begin + done);
      return done === bytes.length ? bytes : bytes.subarray(0, done);
    },
  };
}
