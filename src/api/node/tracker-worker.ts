// The thread of a tracker. It imports the module of `--track` and calls its functions, so that a module that blocks, exits
// or leaves a rejected promise behind does not affect the run.
import { parentPort, workerData } from "node:worker_threads";
import { problemOf, TRACKER_CALLS, trackerHere } from "../tracking.js";
import type { FromTracker, ToTracker, TrackerData } from "./tracker-messages.js";

const { url } = workerData as TrackerData;
const say = (message: FromTracker): void => parentPort?.postMessage(message);

/** A promise that the module did not wait for. The next call reports it. */
let stray: string | undefined;
process.on("unhandledRejection", (error) => {
  stray ??= problemOf(error);
});
process.on("uncaughtException", (error) => {
  stray ??= problemOf(error);
});

/** The module's exports, or its default export if that has the functions. */
function trackerIn(module: Record<string, unknown>): Record<string, unknown> {
  const inside = module.default;
  const isTracker = (value: object) => TRACKER_CALLS.some((name) => name in value);
  return !isTracker(module) && typeof inside === "object" && inside !== null && isTracker(inside)
    ? (inside as Record<string, unknown>)
    : module;
}

try {
  const tracker = trackerHere(trackerIn(await import(url)));
  say({ kind: "loaded", has: [...tracker.has] });
  parentPort?.on("message", ({ id, call }: ToTracker) => {
    tracker.call(call).then(
      () => {
        say({ kind: "done", id, ...(stray !== undefined && { failed: stray }) });
        stray = undefined;
      },
      (error: unknown) => say({ kind: "done", id, failed: problemOf(error) }),
    );
  });
} catch (error) {
  say({ kind: "unfit", reason: problemOf(error) });
}
