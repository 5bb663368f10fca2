// The progress of preparation on a terminal: a bar, the rate and the time left.
import { CLEAR_LINE, formatDuration, type Terminal } from "./progress.js";

const BAR = 24;
/** Seconds between updates. */
const EVERY = 0.1;

/** `[████        ] 1,234 of 5,000 documents, 310/s, 12 s left` */
export function preparingLine(done: number, total: number, seconds: number): string {
  const filled = total === 0 ? BAR : Math.floor((BAR * done) / total);
  const rate = seconds > 0 ? done / seconds : 0;
  const left = rate > 0 ? `, ${formatDuration((total - done) / rate)} left` : "";
  const count = (number: number) => number.toLocaleString("en-US");
  return `[${"█".repeat(filled)}${" ".repeat(BAR - filled)}] ${count(done)} of ${count(total)} documents, ${count(Math.round(rate))}/s${left}`;
}

/** Shows the progress on a terminal; elsewhere, nothing. @param clock returns seconds */
export function preparingOn(
  terminal: Terminal,
  clock: () => number,
): { readonly progress: (done: number, total: number) => void; readonly clear: () => void } {
  let begun: number | undefined;
  let shown = Number.NEGATIVE_INFINITY;
  const clear = () => {
    if (shown !== Number.NEGATIVE_INFINITY) terminal.write(CLEAR_LINE);
    shown = Number.NEGATIVE_INFINITY;
  };
  return {
    clear,
    progress(done, total) {
      if (!terminal.isTTY) return;
      const now = clock();
      begun ??= now;
      if (done < total && now - shown < EVERY) return;
      terminal.write(`${CLEAR_LINE}${preparingLine(done, total, now - begun)}`);
      shown = now;
      if (done === total) clear();
    },
  };
}
