// The width with which a model has as many parameters as another: what tells size from sparsity.
import type { CheckedSpec } from "../front/spec.js";

/** Rows of tensors stay whole vectors. */
const STEP = 4;

const common = (a: number, b: number): number => (b === 0 ? a : common(b, a % b));

/** Widths that every block can have: multiples of this. */
function stepOf({ model }: CheckedSpec): number {
  return model.blocks.reduce(
    (step, { fields }) => (fields.kind === "attention" ? (step * fields.heads) / common(step, fields.heads) : step),
    STEP,
  );
}

/**
 * The `d_model` whose count of parameters is nearest to `wanted`, among the multiples of what the blocks ask for.
 * @param countAt parameters in all with a width; they grow with it
 */
export function widthFor(spec: CheckedSpec, wanted: number, countAt: (d_model: number) => number): number {
  const step = stepOf(spec);
  let below = Math.max(1, Math.floor(spec.model.d_model / step));
  let above = 2 * below;
  while (countAt(above * step) < wanted) [below, above] = [above, 2 * above];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (countAt(middle * step) < wanted) below = middle;
    else above = middle;
  }
  const off = (multiple: number): number => Math.abs(countAt(multiple * step) - wanted);
  return step * (off(below) < off(above) ? below : above);
}
