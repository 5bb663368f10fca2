// The lowest validation loss, and early stopping.
import { expect, test } from "vitest";
import type { TrainFields } from "../../src/front/spec.js";
import type { ValidationRecord } from "../../src/train/metrics.js";
import { lossNamed, monitorOf } from "../../src/train/monitor.js";

const record = (step: number, text: number, clips = text): ValidationRecord => ({
  kind: "validation",
  step,
  loss: text,
  losses: { text },
  sets: { clips: { loss: clips, losses: { text: clips } } },
});
const fields = (validations: number, on = "text") =>
  ({ keep_best: on, stop: { kind: "patience", validations, on } }) as unknown as TrainFields;

test("a loss is named by its modality, or by a set and a modality", () => {
  expect([lossNamed(record(1, 2, 3), "text"), lossNamed(record(1, 2, 3), "clips.text")]).toEqual([2, 3]);
  expect([lossNamed(record(1, 2), "image"), lossNamed(record(1, 2), "books.text")]).toEqual([undefined, undefined]);
});

test("a run stops after so many validations in a row without a lower loss, also if it is interrupted anywhere", () => {
  const losses = [3, 2, 2, 2.5, 1, Number.NaN, 1, 0.9, 1, 1, 1, 0.1];
  const stopAt = (interrupted: number | undefined) => {
    let monitor = monitorOf(fields(3));
    const best: number[] = [];
    for (const [i, loss] of losses.entries()) {
      if (i === interrupted) monitor = monitorOf(fields(3), JSON.parse(JSON.stringify(monitor.state())));
      const { isBest, stopped } = monitor.note(record(10 * i, loss));
      if (isBest) best.push(10 * i);
      if (stopped) return { step: 10 * i, stopped, best };
    }
    return undefined;
  };
  const expected = {
    step: 100,
    stopped: { on: "text", validations: 3, best_step: 70, best_loss: 0.9 },
    best: [0, 10, 40, 70],
  };
  for (const interrupted of [undefined, ...losses.keys()]) expect(stopAt(interrupted)).toEqual(expected);
});

test("a longer patience continues, and another loss starts over", () => {
  const monitor = monitorOf(fields(1));
  for (const [i, loss] of [2, 3].entries()) monitor.note(record(i, loss));
  expect(monitor.stopped()).toBeDefined();
  expect(monitorOf(fields(1), monitor.state()).stopped()).toBeDefined();
  expect(monitorOf(fields(2), monitor.state()).stopped()).toBeUndefined();
  expect(monitorOf(fields(1, "clips.text"), monitor.state()).state()).toEqual({});
});
