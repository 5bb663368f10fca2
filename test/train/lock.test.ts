// If several processes take a lock at the same time, exactly one gets it, whatever the earlier contents of the file.
// LOCK_ROUNDS and LOCK_PROCESSES (a list) run a longer test.
import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nodeDisk } from "../../src/api/node/disk.js";
import { lockedBy } from "../../src/train/run-lock.js";

const ROUNDS = Number(process.env.LOCK_ROUNDS ?? 5);
const COUNTS = (process.env.LOCK_PROCESSES ?? "4").split(",").map(Number);

let folder = "";
const children: ChildProcess[] = [];
const answer = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once("message", resolve));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mom-lock-"));
  const main = join(folder, "child.mjs");
  const entryPoints = [join(import.meta.dirname, "lock.child.ts")];
  await build({ entryPoints, outfile: main, bundle: true, platform: "node", format: "esm", logLevel: "silent" });
  for (let i = 0; i < Math.max(...COUNTS); i++) children.push(fork(main));
  await Promise.all(children.map(answer));
});
afterAll(() => {
  for (const child of children) child.disconnect();
  rmSync(folder, { recursive: true, force: true });
});

/** The contents of the lock file before. */
const BEFORE: Readonly<Record<string, () => string | undefined>> = {
  "no lock": () => undefined,
  "the lock of a dead process": () => JSON.stringify({ pid: spawnSync("true").pid, started: "5" }),
  "a damaged lock": () => "{",
};

for (const [what, contents] of Object.entries(BEFORE)) {
  for (const count of COUNTS) {
    test(`${what}: one of ${count} processes gets it, ${ROUNDS} times`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const name = `lock-${count}-${round}`;
        const path = join(folder, name);
        const before = contents();
        if (before !== undefined) writeFileSync(path, before);
        const taking = children.slice(0, count);
        const at = Date.now() + 30;
        const answers = await Promise.all(
          taking.map((child) => {
            child.send({ path, at });
            return answer(child);
          }),
        );
        const winners = taking.filter((_, i) => answers[i] === "has it");
        expect(answers.filter((one) => one !== "in use")).toEqual(["has it"]);
        expect(lockedBy(nodeDisk, path)).toBe(winners[0]?.pid);
        winners[0]?.send({ path, free: true });
        await answer(winners[0] as ChildProcess);
        expect(readdirSync(folder).filter((one) => one.startsWith(name))).toEqual([]);
      }
    });
  }
}
