// Whether and how a spec fits a memory, for people.
import type { createColors } from "picocolors";
import type { Fit } from "./fit.js";
import type { Inspection } from "./inspection.js";
import { size } from "./inspection-text.js";

type Colours = ReturnType<typeof createColors>;

export function fitText(
  fit: Fit,
  { profile, batch, accumulate, length }: Pick<Inspection, "profile" | "batch" | "accumulate" | "length">,
  c: Colours,
): string {
  const { budget, bytes, fits, binds, most, weights, largest, instead, recomputed } = fit;
  const of = `batch ${batch}, length ${length} on ${profile}`;
  const verdict = fits
    ? `${c.green("fits")}: ${of} takes ${size(bytes)}, ${((100 * bytes) / budget).toFixed(0)} %`
    : bytes > budget
      ? `${c.red("does not fit")}: ${of} takes ${size(bytes)}`
      : `${c.red("does not fit")}: ${of} takes ${size(bytes)}, but not in pieces that a binding holds (see Memory)`;
  const lines = [
    `  ${verdict}`,
    `  most is ${most.map(({ what, bytes: part }) => `${what} ${size(part)}`).join(", ")}`,
  ];
  if (fits && largest !== undefined && largest > batch) lines.push(`  micro-batches of up to ${largest} sequences fit`);
  if (recomputed !== undefined) {
    lines.push(`  ${c.cyan("help")} train { recompute: block } takes ${size(recomputed)} for the same step`);
  }
  if (instead !== undefined) {
    const shorter = instead.length < length ? `, length: ${instead.length}` : "";
    const same = batch * accumulate === 1 ? "the same sequence" : `the same ${batch * accumulate} sequences`;
    lines.push(
      `  ${c.cyan("help")} batch: ${instead.batch}, accumulate: ${instead.accumulate}${shorter} takes ${size(instead.bytes)} for ${same} a step`,
    );
    if (largest !== undefined && largest > instead.batch) {
      lines.push(`  micro-batches of up to ${largest} sequences fit`);
    }
  } else if (!fits && recomputed === undefined) {
    const why =
      weights > budget
        ? `The weights, their gradients and the optimizer's state alone take ${size(weights)}.`
        : "Not even one sequence of the shortest length fits.";
    const remedy = binds ? "Take a smaller model, or more memory." : "Take another --device, or a smaller model.";
    lines.push(`  ${c.cyan("help")} ${weights > budget || binds ? `${why} ` : ""}${remedy}`);
  }
  return `${[c.bold(`Memory of ${size(budget)}`), ...lines].join("\n")}\n`;
}
