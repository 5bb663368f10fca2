// The initial values of parameters: computed in float64, rounded once to f32.
import type { InitKey, InitKind } from "../ir/initial.js";
import { type Stream, stream } from "../random/stream.js";

/** Range and floor of the initial time step, as in the released Mamba code. */
const DT_MIN = 1e-3;
const DT_MAX = 1e-1;
const DT_FLOOR = 1e-4;

/** The number of random words drawn at a time. */
const RUN = 4096;

/** A tensor's initial values, row-major. They depend only on the kind, the shape and the key. */
export function initialValues(kind: InitKind, shape: readonly number[], key: InitKey): Float32Array<ArrayBuffer> {
  const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  const numbers = stream("initialise", key.seed, key.layer, key.part, key.group);
  switch (kind.kind) {
    case "linear":
      return symmetric(values, numbers, kind.fanIn ** -0.5);
    case "conv1d":
      return symmetric(values, numbers, kind.d_conv ** -0.5);
    case "dt_weight":
      return symmetric(values, numbers, kind.dt_rank ** -0.5);
    case "dt_bias":
      return values.map(() => inverseSoftplus(Math.max(DT_FLOOR, DT_MIN * (DT_MAX / DT_MIN) ** numbers.uniform())));
    case "A_log":
      return values.map((_, index) => Math.log((index % kind.d_state) + 1));
    case "ones":
      return values.fill(1);
    case "normal":
      return values.map(() => kind.deviation * numbers.normal());
  }
}

/** Fills the tensor with values from U(−bound, bound). */
function symmetric(values: Float32Array<ArrayBuffer>, numbers: Stream, bound: number): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(Math.min(RUN, values.length));
  for (let first = 0; first < values.length; first += RUN) {
    const run = words.subarray(0, Math.min(RUN, values.length - first));
    numbers.words(run);
    for (let i = 0; i < run.length; i++) values[first + i] = (2 * ((run[i] as number) / 0x1_0000_0000) - 1) * bound;
  }
  return values;
}

/** x such that softplus(x) = dt, for dt > 0: dt + log(1 − e^−dt), without cancellation near 0. */
export const inverseSoftplus = (dt: number): number => dt + Math.log(-Math.expm1(-dt));
