// The scalars of one step. The host writes them into a uniform buffer, and kernels read them as `step`: the scalars of
// the optimizer, and two that every update has.
import type { Program } from "./program.js";

/** Their names in buffer order, 4 bytes each. All are f32 except `accumulate`. */
export const stepFields = ({ scalars = [] }: Pick<Program, "scalars">): readonly string[] => [
  ...scalars,
  /** The maximum gradient norm; infinite disables clipping. */
  "clip",
  /** 1 if gradients add to those of earlier micro-batches; a u32. */
  "accumulate",
];

export const stepBytes = (program: Pick<Program, "scalars">): number => 16 * Math.ceil(stepFields(program).length / 4);

/** The values of a step, in the order of the fields. */
export type StepScalars = Readonly<Record<string, number>>;

/** The contents of the buffer. */
export function stepWords(step: StepScalars): ArrayBuffer {
  const values = Object.entries(step);
  const bytes = new DataView(new ArrayBuffer(16 * Math.ceil(values.length / 4)));
  values.forEach(([name, value], i) => {
    if (name === "accumulate") bytes.setUint32(4 * i, value, true);
    else bytes.setFloat32(4 * i, value, true);
  });
  return bytes.buffer;
}
