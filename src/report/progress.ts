// How far training has come: one line redrawn on a terminal, plain lines every so often where output is piped.
import colors from "picocolors";

/** Where lines go. */
export interface Terminal {
  readonly write: (text: string) => unknown;
  /** Whether a line can be drawn again in its place. */
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
}

/** Begins a line anew: what progress is drawn with. */
export const CLEAR_LINE = "\r\u001b[2K";

export interface ProgressState {
  /** Updates made so far. */
  readonly step: number;
  readonly steps: number;
  /** By modality. */
  readonly losses: Readonly<Record<string, number>>;
  readonly gradient_norm: number;
  readonly tokens_per_second: number;
}

export interface Progress {
  readonly update: (state: ProgressState) => void;
  /** Prints a line that stays: a validation, a checkpoint, a warning. */
  readonly message: (text: string) => void;
  /** Ends the redrawn line; call it once, however training ends. */
  readonly end: () => void;
}

const REDRAW_MS = 100;
const PLAIN_MS = 10_000;

/** @param now milliseconds */
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

/** From the pace since the first update that was seen, which itself is left out: it pays for what is done once. */
export function secondsLeft(
  { step, steps }: ProgressState,
  begun: { readonly at: number; readonly step: number } | undefined,
  now: number,
): number | undefined {
  if (step >= steps) return 0;
  if (begun === undefined || step <= begun.step) return undefined;
  return (((now - begun.at) / 1000) * (steps - step)) / (step - begun.step);
}

/** One line of at most `columns` − 1 characters: what does not fit is left out, the bar first. */
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

/** A line for a log: no colours, no cursor moves. */
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

/** Four significant digits. */
export function formatLoss(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2);
  return size >= 1e4 ? value.toFixed(0) : value.toPrecision(4);
}

/** 950, 12.3k, 4.56M. */
export function formatCount(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value < 999.5) return value.toFixed(0);
  if (value < 999_500) return `${(value / 1e3).toPrecision(3)}k`;
  if (value < 999_500_000) return `${(value / 1e6).toPrecision(3)}M`;
  return `${(value / 1e9).toPrecision(3)}G`;
}

/** 8s, 1:05, 2:03:04, 3d 04h. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}:${two((whole % 3600) / 60)}:${two(whole % 60)}`;
  return `${Math.floor(whole / 86_400)}d ${two((whole % 86_400) / 3600)}h`;
}
