// Takes a lock for each message, at the same time as other processes, and answers whether it has the lock.

import { nodeDisk } from "../../src/api/node/disk.js";
import { Failure } from "../../src/diagnostics/failure.js";
import { takeLock } from "../../src/train/run-lock.js";

process.on("message", ({ path, at, free }: { path: string; at: number; free: boolean }) => {
  if (free) {
    nodeDisk.remove(path);
    process.send?.("free");
    return;
  }
  while (Date.now() < at);
  try {
    takeLock(nodeDisk, path, "a run");
    process.send?.("has it");
  } catch (error) {
    process.send?.(error instanceof Failure && error.diagnostics[0]?.name === "run-in-use" ? "in use" : String(error));
  }
});
process.on("disconnect", () => process.exit(0));
process.send?.("ready");
