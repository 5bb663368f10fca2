import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/setup.ts"],
    testTimeout: 120_000,
    // Two workers: the software GPU uses every core itself.
    maxWorkers: 2,
    pool: "forks",
  },
});
