import { defineConfig } from "vitest/config";

const TIMING = ["test/timing/**/*.test.ts"];

export default defineConfig({
  test: {
    globalSetup: ["test/setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: "forks",
    projects: [
      {
        extends: true,
        test: {
          name: "all",
          include: ["test/**/*.test.ts"],
          exclude: TIMING,
          // Two workers: the software GPU uses every core itself.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      // What has to end within a time, by itself, when all else has.
      { extends: true, test: { name: "timing", include: TIMING, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
