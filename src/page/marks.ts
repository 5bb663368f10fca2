// Colours of runs and numbers, as the page shows them.
import { h } from "./dom.js";

export const colourOf = (number: number): string =>
  getComputedStyle(document.documentElement)
    .getPropertyValue(`--run-${number % COLOURS}`)
    .trim();
export const COLOURS = 12;

export const swatch = (colour: number): HTMLElement =>
  h("span", { class: "swatch", style: `background: var(--run-${colour % COLOURS})` });

/** A number for people: 0.2491, 12.3k, 4e-7. */
export function short(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  for (const [unit, power] of [
    ["E", 1e18],
    ["P", 1e15],
    ["T", 1e12],
    ["G", 1e9],
    ["M", 1e6],
    ["k", 1e4],
  ] as const)
    if (size >= power) return `${Number((value / (unit === "k" ? 1e3 : power)).toPrecision(digits))}${unit}`;
  if (size !== 0 && size < 1e-3) return value.toExponential(Math.max(0, digits - 3));
  return String(Number(value.toPrecision(digits)));
}
