// Formats numbers for an ablation's report, with minus signs and with decimals that fit their intervals.
import type { Estimate } from "../../ablate/answer.js";
import { short } from "../../inspect/inspection-text.js";

export const NONE = "–";
/** A no-break space. */
const TIED = "\u00a0";

/** A number such as −1.25, but never −0.00. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return NONE;
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

export const signed = (value: number, decimals: number): string =>
  Number(value.toFixed(decimals)) > 0 ? `+${fixed(value, decimals)}` : fixed(value, decimals);

/** A loss with four digits. */
export const loss = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? NONE : value.toPrecision(4).replace("-", "−");

/** The decimals of a loss with four digits, for its deviation and for differences of losses. */
export function lossDecimals(value: number | undefined): number {
  if (value === undefined || !Number.isFinite(value) || value === 0) return 4;
  return Math.min(9, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))));
}

/** Decimals of per cents: none for a wide interval, more for a narrow one or one that would seem to touch zero. */
export function decimalsOf(estimate: Estimate): number {
  const { low, high } = estimate;
  if (low === undefined || high === undefined) return 1;
  const width = high - low;
  return apartFromZero([estimate], width < 0.1 ? 2 : width < 20 ? 1 : 0);
}

/** Decimals of shares of steps and FLOPs. */
export const matchDecimals = ({ low = 0, high = 100 }: Estimate): number => (high - low < 2 ? 1 : 0);

/** The same decimals, or one more if an interval that excludes zero would be rounded to end at zero. */
export function apartFromZero(estimates: readonly Estimate[], decimals: number): number {
  const ends = estimates.flatMap(({ low = 1, high = 1 }) => (low > 0 || high < 0 ? [low, high] : []));
  return ends.some((end) => Number(end.toFixed(decimals)) === 0) ? decimals + 1 : decimals;
}

/** An interval such as 5.1 to 10.7; undefined if there is none. */
export function range({ low, high }: Estimate, decimals: number): string | undefined {
  if (low === undefined || high === undefined || !Number.isFinite(low + high)) return undefined;
  return `${fixed(low, decimals)} to ${fixed(high, decimals)}`;
}

/** The interval in parentheses, or an empty string. */
export function bracketed(estimate: Estimate, decimals: number): string {
  const text = range(estimate, decimals);
  return text === undefined ? "" : ` (${text})`;
}

/** A percentage such as 7.9 % (5.1 to 10.7). */
export function percent(estimate: Estimate, decimals = decimalsOf(estimate)): string {
  return `${fixed(estimate.estimate, decimals)}${TIED}%${bracketed(estimate, decimals)}`;
}

/** The same inside parentheses: 7.9 %, 5.1 to 10.7. */
export function percentInBrackets(estimate: Estimate, unit = "%"): string {
  const decimals = decimalsOf(estimate);
  const interval = range(estimate, decimals);
  return `${fixed(estimate.estimate, decimals)}${TIED}${unit}${interval === undefined ? "" : `, ${interval}`}`;
}

/** A count such as 185 k. */
export const amount = (count: number): string => short(count).replace(" ", TIED);

/** The sign of a significant estimate, 0 if it is not significant, undefined if it was not tested (one seed). */
export function shownSign({ estimate, significant }: Estimate): -1 | 0 | 1 | undefined {
  if (significant === undefined) return undefined;
  return !significant ? 0 : estimate > 0 ? 1 : -1;
}

/** Whether an estimate is marked as significant: bold in tables and maps, filled in figures. */
export const isSure = ({ significant }: Estimate): boolean => significant === true;

export function probability(p: number | undefined): string {
  if (p === undefined || !Number.isFinite(p)) return NONE;
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
export const word = (count: number): string => WORDS[count] ?? String(count);
export const many = (count: number, one: string, more = `${one}s`): string =>
  `${word(count)} ${count === 1 ? one : more}`;

/** A count with a noun, in digits: 51 runs. */
export const counted = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;

/** A list such as a, b and c. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
