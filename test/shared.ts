// Chooses the test files that run in shared processes: those that leave a process as they found it. Their modules are
// loaded once for each process, which takes more time than most of their tests.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Code that needs or changes a process of its own: devices, commands, threads, mocks and settings of the process. */
const OWN_PROCESS =
  /gpu\/adapter|support\/(?:mom|editor)|child_process|worker_threads|playwright|process\.(?:argv|chdir|env|exit|on|umask)\b|\bvi\.|globalThis/;

/** @param root the repository @returns paths relative to it */
export const sharedTests = (root: string): string[] =>
  readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts") && !name.startsWith("timing"))
    .map((name) => `test/${name.replaceAll("\\", "/")}`)
    .filter((path) => !OWN_PROCESS.test(readFileSync(join(root, path), "utf8")))
    .sort();
