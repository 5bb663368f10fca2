import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/sequence.js";
import { sharedTests } from "./test/shared.js";

// Compiling kernels allocates and frees many megabytes. These settings make glibc's malloc keep them for the next kernel.
// Processes that tests start inherit the settings, and take a tenth less time.
Object.assign(process.env, {
  MALLOC_MMAP_THRESHOLD_: 2 ** 26,
  MALLOC_TRIM_THRESHOLD_: 2 ** 28,
  MALLOC_TOP_PAD_: 2 ** 24,
});

/** Chevrotain in one file, which the setup makes. */
export const CHEVROTAIN = fileURLToPath(new URL("node_modules/.cache/mom-chevrotain.mjs", import.meta.url));

const TIMING = ["test/timing/**/*.test.ts"];
/** With `--project all`, which is for single files, every file has a process of its own. */
const SHARED = process.argv.includes("--project") ? [] : sharedTests(fileURLToPath(new URL(".", import.meta.url)));
// Two workers: the software GPU uses every core itself.
const TOGETHER = { maxWorkers: 2, sequence: { groupOrder: 0 } };

export default defineConfig({
  resolve: { alias: { chevrotain: CHEVROTAIN } },
  test: {
    globalSetup: ["test/setup.ts"],
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    projects: [
      {
        extends: true,
        test: { ...TOGETHER, name: "all", include: ["test/**/*.test.ts"], exclude: [...TIMING, ...SHARED] },
      },
      { extends: true, test: { ...TOGETHER, name: "shared", include: SHARED, isolate: false } },
      // What has to end within a time, by itself, when all else has.
      { extends: true, test: { name: "timing", include: TIMING, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
