// A process that decodes pictures, one at a time: what a hostile file does to a decoder, it does to this process.
import sharp from "sharp";
import { decode, heldBy, TooLarge } from "./decode.js";
import type { FromDecoder, ToDecoder } from "./messages.js";

/** Bytes that a picture may take unasked. */
const UNASKED = 16 * 2 ** 20;

sharp.cache(false);
// Ctrl-C reaches all processes of a terminal; who started this one decides.
process.on("SIGINT", () => {});
// Nobody wants the picture any more, and decoding it may take minutes, which an orderly exit would wait for.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

const say = (message: FromDecoder): void => void process.send?.(message);
let go = (): void => {};

async function answer({ bytes, size }: Extract<ToDecoder, { readonly kind: "decode" }>): Promise<FromDecoder> {
  try {
    const held = await heldBy(bytes);
    if (held > UNASKED) {
      const granted = new Promise<void>((resolve) => {
        go = resolve;
      });
      say({ kind: "asks", bytes: held });
      await granted;
    }
    return { kind: "done", pixels: await decode(bytes, size) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", reason, remedy: error instanceof TooLarge ? error.remedy : undefined };
  }
}

process.on("message", (message: ToDecoder) => {
  if (message.kind === "go") go();
  else void answer(message).then(say);
});
say({ kind: "ready" });
