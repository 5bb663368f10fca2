// The values a parameter starts from: computed in float64, rounded once to f32.
import type { InitKey, InitKind } from "../ir/initial.js";
import { type Stream, stream } from "../random/stream.js";

/** Range and floor of the initial time step, as in the released Mamba code. */
const DT_MIN = 1e-3;
const DT_MAX = 1e-1;
const DT_FLOOR = 1e-4;

/** A tensor's initial values, row-major. The key alone decides what is drawn. */
export function initialValues(kind: InitKind, shape: readonly number[], key: InitKey): Float32Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const draw = valueAt(kind, stream("initialise", key.seed, key.layer, key.part, key.group));
  const values = new Float32Array(size);
  for (let index = 0; index < size; index++) values[index] = draw(index);
  return values;
}

/** The value at a flat index, when called for each index in turn. */
function valueAt(kind: InitKind, numbers: Stream): (index: number) => number {
  switch (kind.kind) {
    case "linear":
      return symmetric(numbers, kind.fanIn ** -0.5);
    case "conv1d":
      return symmetric(numbers, kind.d_conv ** -0.5);
    case "dt_weight":
      return symmetric(numbers, kind.dt_rank ** -0.5);
    case "dt_bias":
      return () => inverseSoftplus(Math.max(DT_FLOOR, DT_MIN * (DT_MAX / DT_MIN) ** numbers.uniform()));
    case "A_log":
      return (index) => Math.log((index % kind.d_state) + 1);
    case "ones":
      return () => 1;
    case "normal":
      return () => kind.deviation * numbers.normal();
  }
}

/** U(±bound). */
const symmetric = (numbers: Stream, bound: number) => (): number => (2 * numbers.uniform() - 1) * bound;

/** x such that softplus(x) = dt, for dt > 0: dt + log(1 − e^−dt), without cancellation near 0. */
export const inverseSoftplus = (dt: number): number => dt + Math.log(-Math.expm1(-dt));
