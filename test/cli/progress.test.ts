// The progress display, with a fake clock and a fake terminal.
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import {
  formatCount,
  formatDuration,
  formatLoss,
  type ProgressState,
  plainLine,
  progressLine,
  progressOn,
} from "../../src/report/progress.js";

const state = (step: number): ProgressState => ({
  step,
  steps: 2000,
  losses: { text: 2.8125, image: 0.6432 },
  gradient_norm: 1.25,
  tokens_per_second: 12_345,
});

function fakeTerminal(isTTY: boolean, columns = 100) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

test("numbers and durations are rounded for reading", () => {
  expect([0, 2.8125, 0.00312, 1e-6, 123456, Number.NaN].map(formatLoss)).toEqual([
    "0.000",
    "2.813",
    "0.003120",
    "1.00e-6",
    "1.23e+5",
    "NaN",
  ]);
  expect([0, 999, 1000, 12_345, 999_999, 4.56e9].map(formatCount)).toEqual([
    "0",
    "999",
    "1.00k",
    "12.3k",
    "1.00M",
    "4.56G",
  ]);
  expect([0, 59.4, 59.6, 65, 7384, 90_000].map(formatDuration)).toEqual([
    "0s",
    "59s",
    "1:00",
    "1:05",
    "2:03:04",
    "1d 01h",
  ]);
});

test("the uncoloured line shows steps, losses, time left, speed and gradient norm", () => {
  expect(progressLine(state(500), 83, 110, false)).toBe(
    "━━━━━━────────────────── 25%  500/2000  text 2.813  image 0.6432  eta 1:23  tokens/s 12.3k  grad 1.250",
  );
});

test("the line fits terminals of every width, coloured or not", () => {
  for (let columns = 10; columns < 140; columns++) {
    const plain = progressLine(state(1234), 5000, columns, false);
    expect(plain.length).toBeLessThan(columns);
    expect(plain).toContain("1234/2000");
    const coloured = progressLine(state(1234), 5000, columns, true);
    expect(coloured).toContain("\x1b[");
    expect(stripVTControlCharacters(coloured)).toBe(plain);
  }
});

test("a terminal is redrawn at most ten times a second, and messages appear above the line", () => {
  const terminal = fakeTerminal(true);
  let clock = 0;
  const progress = progressOn(terminal, () => clock, false);
  for (let step = 1; step <= 40; step++) {
    progress.update(state(step));
    clock += 10;
  }
  expect(terminal.written).toHaveLength(4);
  for (const text of terminal.written) {
    expect(text.startsWith("\r\x1b[2K")).toBe(true);
    expect(text).not.toContain("\n");
  }
  // After 30 steps in 0.3 s, 1969 steps take 19.69 s.
  expect(terminal.written[3]).toContain("31/2000  text 2.813  image 0.6432  eta 20s");
  progress.message("checkpoint: step-40");
  expect(terminal.written[4]).toBe("\r\x1b[2Kcheckpoint: step-40\n");
  expect(terminal.written[5]).toContain("40/2000");
  progress.end();
  expect(terminal.written.at(-1)).toBe("\n");
});

test("a pipe gets a plain line every ten seconds and at the end", () => {
  const terminal = fakeTerminal(false);
  let clock = 0;
  const progress = progressOn(terminal, () => clock, true);
  for (let step = 1; step <= 2000; step++) {
    progress.update(state(step));
    clock += 20;
  }
  progress.message("saved");
  progress.end();
  expect(terminal.written.map((text) => text.split("  ")[0])).toEqual([
    "step 1/2000",
    "step 501/2000",
    "step 1001/2000",
    "step 1501/2000",
    "step 2000/2000",
    "saved\n",
  ]);
  const written = terminal.written.join("");
  expect(stripVTControlCharacters(written)).toBe(written);
  expect(written).not.toContain("\r");
  expect(terminal.written[1]).toBe(`${plainLine(state(501), 29.98)}\n`);
  expect(plainLine(state(501), 30)).toBe(
    "step 501/2000  text 2.813  image 0.6432  grad 1.250  12.3k tokens/s  eta 30s",
  );
});
