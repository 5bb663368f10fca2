// The progress of a training: one line that is redrawn on a terminal, or a plain line from time to time if output is piped.
import colors from "picocolors";

/** A stream that receives lines. */
export interface Terminal {
  readonly write: (text: string) => unknown;
  /** Whether a line can be redrawn. */
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
}

/** Clears the current line. */
export const CLEAR_LINE = "\r\u001b[2K";

export interface ProgressState {
  /** The number of updates so far. */
  readonly step: number;
  readonly steps: number;
  /** Losses by modality. */
  readonly losses: Readonly<Record<string, number>>;
  readonly gradient_norm: number;
  readonly tokens_per_second: number;
}

export interface Progress {
  readonly update: (state: ProgressState) => void;
  /** Prints a permanent line: a validation, a checkpoint, a warning. */
  readonly message: (text: string) => void;
  /** Ends the redrawn line. Call it once, also after an error. */
  readonly end: () => void;
}

const REDRAW_MS = 100;
const PLAIN_MS = 10_000;

/** @param now returns milliseconds */
export function progressOn(
  terminal: Terminal,
  now: () => number = Date.now,
  color: boolean = colors.isColorSupported,
): Progress {
  const redraws = terminal.isTTY === true;
  const interval = redraws ? REDRAW_MS : PLAIN_MS;
  let begun: { at: number; step: number } | undefined;
  let shown = Number.NEGATIVE_INFINITY;
  let latest: ProgressState | undefined;

  const draw = (state: ProgressState): void => {
    shown = now();
    const left = secondsLeft(state, begun, shown);
    if (redraws) terminal.write(CLEAR_LINE + progressLine(state, left, terminal.columns ?? 80, color));
    else terminal.write(`${plainLine(state, left)}\n`);
  };
  return {
    update(state) {
      begun ??= { at: now(), step: state.step };
      latest = state;
      if (now() - shown >= interval || state.step === state.steps) draw(state);
    },
    message(text) {
      terminal.write(`${redraws ? CLEAR_LINE : ""}${text}\n`);
      if (redraws && latest) draw(latest);
    },
    end() {
      if (redraws && latest) {
        draw(latest);
        terminal.write("\n");
      }
      latest = undefined;
    },
  };
}

/** Estimates the remaining time from the pace after the first update, which includes one-time work. */
export function secondsLeft(
  { step, steps }: ProgressState,
  begun: { readonly at: number; readonly step: number } | undefined,
  now: number,
): number | undefined {
  if (step >= steps) return 0;
  if (begun === undefined || step <= begun.step) return undefined;
  return (((now - begun.at) / 1000) * (steps - step)) / (step - begun.step);
}

/** One line of at most `columns` − 1 characters. If it does not fit, pieces are dropped, starting with the bar. */
export function progressLine(state: ProgressState, left: number | undefined, columns: number, color: boolean): string {
  const paint = colors.createColors(color);
  const room = columns - 1;
  const count = `${state.step}/${state.steps}`;
  const percent = `${Math.floor((100 * state.step) / state.steps)}%`;
  const parts: { text: string; painted: string }[] = [{ text: count, painted: paint.bold(count) }];
  const add = (label: string, value: string): void => {
    parts.push({ text: `${label} ${value}`, painted: `${paint.dim(label)} ${value}` });
  };
  for (const [modality, loss] of Object.entries(state.losses)) add(modality, formatLoss(loss));
  if (left !== undefined) add("eta", formatDuration(left));
  add("tokens/s", formatCount(state.tokens_per_second));
  add("grad", formatLoss(state.gradient_norm));

  let line = "";
  let width = 0;
  for (const { text, painted } of parts) {
    const gap = width === 0 ? "" : "  ";
    if (width + gap.length + text.length > room) break;
    line += gap + painted;
    width += gap.length + text.length;
  }
  const cells = Math.min(24, room - width - percent.length - 3);
  if (cells < 6) return line;
  const full = Math.floor((cells * state.step) / state.steps);
  return `${paint.cyan("━".repeat(full))}${paint.dim("─".repeat(cells - full))} ${percent}  ${line}`;
}

/** A line for a log, without colours or cursor movements. */
export function plainLine(state: ProgressState, left: number | undefined): string {
  const losses = Object.entries(state.losses).map(([modality, loss]) => `${modality} ${formatLoss(loss)}`);
  const parts = [
    `step ${state.step}/${state.steps}`,
    ...losses,
    `grad ${formatLoss(state.gradient_norm)}`,
    `${formatCount(state.tokens_per_second)} tokens/s`,
  ];
  if (left !== undefined) parts.push(`eta ${formatDuration(left)}`);
  return parts.join("  ");
}

/** A loss with four significant digits. */
export function formatLoss(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return size >= 1e4 ? value.toFixed(0) : value.toPrecision(4);
}

/** A count such as 950, 12.3k, 4.56M. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 999.5) return value.toFixed(0);
  if (value < 999_500) return `${(value / 1e3).toPrecision(3)}k`;
  if (value < 999_500_000) return `${(value / 1e6).toPrecision(3)}M`;
  return `${(value / 1e9).toPrecision(3)}G`;
}

/** A duration such as 8s, 1:05, 2:03:04, 3d 04h. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}:${two((whole % 3600) / 60)}:${two(whole % 60)}`;
  return `${Math.floor(whole / 86_400)}d ${two((whole % 86_400) / 3600)}h`;
}
