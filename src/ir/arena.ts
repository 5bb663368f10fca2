// Arenas: parameters one after another in memory, beside their gradients and whatever the optimizer keeps of them. A
// part of an arena is what one binding can hold; what stands where is the same for values, gradients and slots.
import { type Arena, type Parameter, type Program, tensorOf } from "./program.js";
import { count, type Stretch } from "./tensor.js";

/** Parameters begin at multiples of so many numbers. */
export const BLOCK = 64;

/** Numbers that a parameter takes in an arena, all groups and what fills the last block. */
export const numbersOf = ({ names, shape }: Pick<Parameter, "names" | "shape">): number =>
  BLOCK * Math.ceil((names.length * count(shape)) / BLOCK);

/** The name of the tensor that holds all groups of a parameter. */
export const wholeName = ({ names: [first, ...others] }: Pick<Parameter, "names">): string =>
  others.length === 0 ? (first as string) : `${first}…`;

/** The parameters of some programs, each once, in the order in which they first come. */
export function parametersIn(programs: readonly Program[]): Parameter[] {
  const found = new Map<string, Parameter>();
  for (const program of programs) {
    for (const parameter of program.parameters) {
      const { name } = tensorOf(program, parameter.tensor);
      if (!found.has(name)) found.set(name, parameter);
    }
  }
  return [...found.values()];
}

/** Runs of the parameters of one layer; those outside the stack are each by themselves. */
export function byLayer(parameters: readonly Parameter[]): Parameter[][] {
  const runs: Parameter[][] = [];
  for (const parameter of parameters) {
    const { layer } = parameter;
    const run = runs.at(-1);
    if (run !== undefined && layer >= 0 && run[0]?.layer === layer) run.push(parameter);
    else runs.push([parameter]);
  }
  return runs;
}

/** Where everything of some arenas stands: each of them, and each of their runs. */
export function stretches(arenas: readonly Arena[]): { readonly whole: Stretch; readonly runs: readonly Stretch[] }[] {
  let first = 0;
  return arenas.map(({ runs }) => {
    const start = first;
    const placed = runs.map((run): Stretch => {
      const size = run.reduce((sum, parameter) => sum + numbersOf(parameter), 0);
      first += size;
      return { first: first - size, size };
    });
    return { whole: { first: start, size: first - start }, runs: placed };
  });
}
