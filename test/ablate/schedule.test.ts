// Which variants start, when, and on which worker. The workers do nothing.
import { expect, test } from "vitest";
import { type Ended, follow, type Schedule, type Worker } from "../../src/ablate/schedule.js";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** @param work how a variant ends, and after how many turns of the event loop */
function scene(
  work: (index: number) => { ended: Ended; turns?: number; dies?: boolean },
  more: Partial<Schedule> = {},
) {
  const log: string[] = [];
  let [underWay, most, opened, closed] = [0, 0, 0, 0];
  const openWorker = async (): Promise<Worker> => {
    opened++;
    let alive = true;
    return {
      alive: () => alive,
      close: () => closed++,
      async train(index) {
        most = Math.max(most, ++underWay);
        const { ended, turns = 1, dies = false } = work(index);
        for (let i = 0; i < turns; i++) await turn();
        underWay--;
        alive = !dies;
        return ended;
      },
    };
  };
  const schedule: Schedule = {
    queue: [0, 1, 2, 3, 4],
    jobs: 1,
    maxFailures: undefined,
    openWorker,
    stopWanted: () => false,
    began: (index) => log.push(`began ${index}`),
    ended: (index, { kind }) => log.push(`${kind} ${index}`),
    ...more,
  };
  return { schedule, log, counts: () => ({ most, opened, closed }) };
}

const done = { ended: { kind: "done" } } as const;
const failed = { ended: { kind: "failed", reason: "It broke.", exit: 4 } } as const;

test("with one job, variants run one at a time, in order, on one worker", async () => {
  const { schedule, log, counts } = scene(() => done);
  expect(await follow(schedule)).toEqual({ left: [], failed: 0 });
  expect(log).toEqual([0, 1, 2, 3, 4].flatMap((i) => [`began ${i}`, `done ${i}`]));
  expect(counts()).toEqual({ most: 1, opened: 1, closed: 1 });
});

test("with three jobs, three variants run at a time, and each runs once", async () => {
  const { schedule, log, counts } = scene((index) => ({ ...done, turns: 1 + (index % 3) }), { jobs: 3 });
  await follow(schedule);
  expect(counts()).toEqual({ most: 3, opened: 3, closed: 3 });
  expect(log.filter((line) => line.startsWith("done")).sort()).toEqual([0, 1, 2, 3, 4].map((i) => `done ${i}`));
});

test("a failed variant does not affect the others, and a dead worker is replaced", async () => {
  const { schedule, log, counts } = scene((index) => (index === 1 ? { ...failed, dies: true } : done));
  expect(await follow(schedule)).toEqual({ left: [], failed: 1 });
  expect(log).toContain("failed 1");
  expect(log.at(-1)).toBe("done 4");
  expect(counts()).toEqual({ most: 1, opened: 2, closed: 2 });
});

test("no variant starts after the maximum number of failures", async () => {
  const { schedule, log } = scene((index) => (index === 0 ? done : failed), { maxFailures: 2 });
  expect(await follow(schedule)).toEqual({ left: [3, 4], failed: 2 });
  expect(log.at(-1)).toBe("failed 2");
});

test("after a stop, the stopped variant and those not started are left", async () => {
  let stop = false;
  const { schedule } = scene(
    (index) => {
      stop ||= index === 2;
      return index === 2 ? { ended: { kind: "stopped" } } : done;
    },
    { stopWanted: () => stop },
  );
  expect(await follow(schedule)).toEqual({ left: [2, 3, 4], failed: 0 });
});

test("without a device it fails with the reason, and starts nothing", async () => {
  const { schedule, log } = scene(() => done, { openWorker: () => Promise.reject(new Error("no adapter")) });
  await expect(follow(schedule)).rejects.toThrow("no adapter");
  expect(log).toEqual([]);
});
