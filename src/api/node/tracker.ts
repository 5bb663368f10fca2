// Opens the tracker of a run: a module that a thread of its own imports.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { InputError } from "../../diagnostics/input-error.js";
import { type OpenTracker, problemOf, TRACKER_CALLS } from "../tracking.js";
import type { FromTracker, ToTracker, TrackerData } from "./tracker-messages.js";

const THREAD = new URL("./tracker-worker.js", import.meta.url);
/** Milliseconds that a module may take to load. */
const LOADING = 30_000;
const CALLS = `\`${TRACKER_CALLS.slice(0, -1).join("`, `")}\` and \`${TRACKER_CALLS.at(-1)}\``;

/**
 * Imports the module in a new thread, which runs its code.
 * @param file its path, relative to the working folder
 * @throws InputError if the module cannot be loaded, or has none of the functions
 */
export async function openTracker(file: string, thread: URL = THREAD): Promise<OpenTracker> {
  if (!existsSync(file))
    throw new InputError("bad-tracker", `${file} does not exist.`, "Name a JavaScript module, such as track.mjs.");
  const workerData: TrackerData = { url: pathToFileURL(resolve(file)).href };
  const worker = new Worker(thread, { workerData });
  const loaded = await loading(worker);
  const reason = loaded.kind === "unfit" ? loaded.reason : undefined;
  if (loaded.kind !== "loaded" || loaded.has.length === 0) {
    void worker.terminate();
    throw reason === undefined
      ? new InputError("bad-tracker", `${file} exports none of ${CALLS}.`, "Export at least one of them as a function.")
      : new InputError("bad-tracker", `${file} cannot be loaded: ${reason}.`, "Fix the module, or leave out --track.");
  }
  // The run decides when the process ends.
  worker.unref();
  return { name: file, has: new Set(loaded.has), call: callsOf(worker), close: () => void worker.terminate() };
}

/** The first message of the thread. */
function loading(worker: Worker): Promise<FromTracker> {
  return new Promise((settled) => {
    const unfit = (reason: string) => settled({ kind: "unfit", reason });
    const timer = setTimeout(() => unfit(`it took more than ${LOADING / 1000} s`), LOADING);
    worker.once("error", (error) => unfit(problemOf(error)));
    worker.once("exit", () => unfit("it ended its thread"));
    worker.once("message", (message: FromTracker) => {
      clearTimeout(timer);
      settled(message);
    });
  });
}

/** Calls in the thread. An answer that comes after the time limit belongs to an earlier call, so calls have ids. */
function callsOf(worker: Worker): OpenTracker["call"] {
  const waiting = new Map<number, (failed: string | undefined) => void>();
  let next = 0;
  let ended: string | undefined;
  const end = (reason: string) => {
    ended ??= reason;
    for (const settle of waiting.values()) settle(ended);
    waiting.clear();
  };
  worker.on("error", (error) => end(problemOf(error)));
  worker.on("exit", () => end("its thread has ended"));
  worker.on("message", (message: FromTracker) => {
    if (message.kind !== "done") return;
    waiting.get(message.id)?.(message.failed);
    waiting.delete(message.id);
  });
  return (call) =>
    new Promise((done, failed) => {
      const settle = (reason: string | undefined) => (reason === undefined ? done() : failed(new Error(reason)));
      if (ended !== undefined) return settle(ended);
      const message: ToTracker = { id: next++, call };
      waiting.set(message.id, settle);
      worker.postMessage(message);
    });
}
