// What connects boxes: wires with heads, and nodes on them.
import { fixed } from "./text.js";

export type Point = readonly [x: number, y: number];

export const wire = (...points: readonly Point[]): string =>
  `<path class="d-wire" d="${points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${fixed(x)} ${fixed(y)}`).join("")}"/>`;

/** Straight down, with a head at its end. */
export function arrow(x: number, from: number, to: number): string {
  const head = `<path class="d-head" d="M${fixed(x - 4)} ${fixed(to - 7)}h8l-4 7z"/>`;
  return `${to - from > 7 ? wire([x, from], [x, to - 6]) : ""}${head}`;
}

export const NODE = 8;

/** A circle with a plus (the residual sum), or with a dot (the gate's product). */
export function node(x: number, y: number, kind: "sum" | "product"): string {
  const circle = `<circle class="d-node" cx="${fixed(x)}" cy="${fixed(y)}" r="${NODE}"/>`;
  if (kind === "product") return `${circle}<circle class="d-head" cx="${fixed(x)}" cy="${fixed(y)}" r="2.2"/>`;
  return `${circle}<path class="d-wire" d="M${fixed(x - 4)} ${fixed(y)}h8M${fixed(x)} ${fixed(y - 4)}v8"/>`;
}
