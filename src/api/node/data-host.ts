// The part of the host that data preparation needs, for Node: files, installed packages and pictures. Child processes decode
// the pictures, a few at a time, with limits on memory and time. No device.

import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { availableParallelism, homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DataHost, Decoded } from "../../data/host.js";
import { packageArchive } from "../../data/package-archive.js";
import type { PictureSize } from "../../data/picture-size.js";
import { InputError } from "../../diagnostics/input-error.js";
import { nodeDisk } from "./disk.js";
import { npmPack } from "./npm-pack.js";
import { type FromDecoder, MOST_HELD, type ToDecoder } from "./pictures/messages.js";

/** `$MOM_CACHE`, or `$XDG_CACHE_HOME/mom`, or `~/.cache/mom`. */
function cacheFolder(): string {
  const { MOM_CACHE, XDG_CACHE_HOME } = process.env;
  return MOM_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "mom");
}

export const nodeDataHost: DataHost = {
  disk: nodeDisk,
  cacheFolder,
  decodePicture: decodeElsewhere,
  packageFolder(name) {
    try {
      return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    } catch {
      return undefined;
    }
  },
  packageArchive: (wanted, fetching) =>
    packageArchive(wanted, { disk: nodeDisk, cache: cacheFolder(), fetch: npmPack }, fetching),
};

const FILE = fileURLToPath(new URL("./pictures/decoder.js", import.meta.url));
/** Each of them needs about 80 MiB. */
const MOST_DECODERS = Math.min(16, availableParallelism());
/** Milliseconds after which an idle process ends. */
const IDLE_MS = 1_000;
/** The most seconds for the start of a process. They do not count for the picture. */
const START_SECONDS = 120;

const SECONDS = "MOM_DECODE_SECONDS";
const DEFAULT_SECONDS = 30;

/** The most seconds for decoding a picture. @param environment may set MOM_DECODE_SECONDS @throws InputError */
export function decodeSeconds(environment: Readonly<Record<string, string | undefined>> = process.env): number {
  const text = environment[SECONDS] ?? "";
  const seconds = text === "" ? DEFAULT_SECONDS : Number(text);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new InputError(
    "bad-environment",
    `${SECONDS} is ${JSON.stringify(text)}`,
    `Set it to seconds from 1 to 86400, or unset it for ${DEFAULT_SECONDS} s.`,
  );
}

/** A semaphore with this many places, first come, first served. */
function room(places: number) {
  const waiting: { readonly taken: number; readonly enter: () => void }[] = [];
  let free = places;
  const admit = (): void => {
    for (let next = waiting[0]; next !== undefined && next.taken <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.taken;
      next.enter();
    }
  };
  return {
    take: (taken: number): Promise<void> =>
      new Promise((enter) => {
        waiting.push({ taken, enter });
        admit();
      }),
    leave(taken: number): void {
      free += taken;
      admit();
    },
  };
}

const processes = room(MOST_DECODERS);
const memory = room(MOST_HELD);
/** Idle processes, each with the timer that ends it. */
const idle: { readonly child: ChildProcess; readonly timer: NodeJS.Timeout }[] = [];

function anIdle(): ChildProcess | undefined {
  const last = idle.pop();
  clearTimeout(last?.timer);
  return last?.child;
}

/** @param read reads the file after a process is free, so that waiting files use no memory @throws the errors of `read` */
async function decodeElsewhere(
  read: () => Promise<Uint8Array>,
  { height, width, channels, fit, view }: PictureSize,
): Promise<Decoded> {
  const seconds = decodeSeconds();
  await processes.take(1);
  try {
    const bytes = await read();
    const ready = anIdle();
    return await decodedBy(
      ready ?? started(),
      { kind: "decode", bytes, size: { height, width, channels, fit, view } },
      { seconds, ready: ready !== undefined },
    );
  } finally {
    processes.leave(1);
  }
}

function started(): ChildProcess {
  return fork(FILE, [], { stdio: ["ignore", "ignore", "ignore", "ipc"], serialization: "advanced", execArgv: [] });
}

/** Keeps a process for a while for another picture. It does not keep this process alive. */
function release(child: ChildProcess): void {
  const forget = (): void => {
    const at = idle.findIndex((one) => one.child === child);
    if (at !== -1) idle.splice(at, 1);
  };
  const timer = setTimeout(() => {
    forget();
    child.disconnect();
  }, IDLE_MS);
  timer.unref();
  child.unref();
  child.channel?.unref();
  quiet(child);
  child.on("error", () => {});
  child.on("exit", () => {
    clearTimeout(timer);
    forget();
  });
  idle.push({ child, timer });
}

/** Removes our listeners but not those of Node. */
function quiet(child: ChildProcess): void {
  for (const event of ["message", "error", "exit"]) child.removeAllListeners(event);
}

function decodedBy(
  child: ChildProcess,
  request: ToDecoder,
  { seconds, ready }: { readonly seconds: number; readonly ready: boolean },
): Promise<Decoded> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let held = 0;
    let over = false;
    const end = (result: Decoded): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      memory.leave(held);
      if (result.kind === "stopped") child.kill("SIGKILL");
      else release(child);
      resolve(result);
    };
    const watch = (limit = seconds, late = tooSlow(seconds)): void => {
      clearTimeout(timer);
      timer = setTimeout(() => end(late), 1000 * limit);
    };
    const say = (message: ToDecoder): void => {
      child.send(message, (error) => error && end(gone(error.message)));
    };
    child.ref();
    child.channel?.ref();
    quiet(child);
    child.on("error", (error) => end(gone(error.message)));
    child.on("exit", (code, signal) => end(gone(signal ?? `exit code ${code}`)));
    child.on("message", (message: FromDecoder) => {
      switch (message.kind) {
        case "ready":
          return watch();
        case "asks":
          // Time that it waits for others does not count.
          clearTimeout(timer);
          return void memory.take(message.bytes).then(() => {
            if (over) return memory.leave(message.bytes);
            held = message.bytes;
            watch();
            say({ kind: "go" });
          });
        case "done":
        case "failed":
          return end(message);
      }
    });
    if (ready) watch();
    else watch(START_SECONDS, gone(`it did not start within ${START_SECONDS} s`));
    say(request);
  });
}

const tooSlow = (seconds: number): Decoded => ({
  kind: "stopped",
  reason: `decoding the image was stopped after ${seconds} s`,
  remedy: `Save it in a simpler format such as PNG, or allow more time: ${SECONDS}=${Math.ceil(4 * seconds)}.`,
});

const gone = (how: string): Decoded => ({
  kind: "stopped",
  reason: `the process that decodes the image ended (${how})`,
  remedy: "Free some memory and try again. If it ends again, save the picture in another format.",
});
