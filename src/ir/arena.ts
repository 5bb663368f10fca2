// Arenas: parameters one after another in memory, with arenas of the same layout for their gradients and their
// optimizer state. A part of an arena is as much as one binding can hold.
import { type Arena, type Parameter, type Program, tensorOf } from "./program.js";
import { count, type Stretch } from "./tensor.js";

/** Parameters start at multiples of this many numbers. */
export const BLOCK = 64;

/** The numbers that a parameter takes in an arena: all its groups, and the padding of its last block. */
export const numbersOf = ({ names, shape }: Pick<Parameter, "names" | "shape">): number =>
  BLOCK * Math.ceil((names.length * count(shape)) / BLOCK);

/** The name of the tensor that holds all groups of a parameter. */
export const wholeName = ({ names: [first, ...others] }: Pick<Parameter, "names">): string =>
  others.length === 0 ? (first as string) : `${first}…`;

/** The parameters of some programs, each once, in the order in which they first appear. */
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

/** Groups the parameters of each layer into a run. A parameter outside the stack is a run of its own. */
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

/** The positions of some arenas: each arena, and each of its runs. */
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
