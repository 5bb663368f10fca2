// The scalars of one step, which the host writes into a uniform buffer and kernels read as `step`: those that the
// optimizer asks for, and two that every update has.
import type { Program } from "./program.js";

/** Their names in the order of the buffer, 4 bytes each: f32, but for `accumulate`. */
export const stepFields = ({ scalars = [] }: Pick<Program, "scalars">): readonly string[] => [
  ...scalars,
  /** Greatest gradient norm; infinite for no clipping. */
  "clip",
  /** 1 when gradients add to those of earlier micro-batches: a u32. */
  "accumulate",
];

export const stepBytes = (program: Pick<Program, "scalars">): number => 16 * Math.ceil(stepFields(program).length / 4);

/** What the host writes for a step, in the order of the fields. */
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
