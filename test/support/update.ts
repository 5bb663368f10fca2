// An update in float64, on tensors with the names that they have in checkpoints.
import { BLOCK, numbersOf } from "../../src/ir/arena.js";
import { type Program, tensorOf } from "../../src/ir/program.js";
import type { StepScalars } from "../../src/ir/step.js";
import { count, type Stretch } from "../../src/ir/tensor.js";
import { evaluate } from "../../src/reference/evaluate.js";
import { read, values } from "../../src/reference/values.js";

/** The numbers of each arena (`parameters`, `gradients` or a slot) and parameter. They are changed in place. */
export type Arenas = ReadonlyMap<string, ReadonlyMap<string, Float64Array>>;

/** The range of each parameter in the arenas. */
function placesIn({ parameters }: Program): Map<string, Stretch> {
  const places = new Map<string, Stretch>();
  let start = 0;
  for (const parameter of parameters) {
    const size = count(parameter.shape);
    for (const [group, name] of parameter.names.entries()) places.set(name, { first: start + group * size, size });
    start += numbersOf(parameter);
  }
  return places;
}

function decayBits(program: Program, words: number): Uint32Array {
  const bits = new Uint32Array(words);
  let block = 0;
  for (const parameter of program.parameters) {
    for (const end = block + numbersOf(parameter) / BLOCK; block < end; block++) {
      if (parameter.decay) bits[block >>> 5] = (bits[block >>> 5] as number) | (1 << (block & 31));
    }
  }
  return bits;
}

/** @returns the norm, and the loss scale if there is one */
export function updateInFloat64(
  program: Program,
  arenas: Arenas,
  step: StepScalars,
  kept: { readonly stopped?: 0 | 1; readonly scale?: readonly number[] } = {},
): { readonly norm: number; readonly stopped: number; readonly scale: readonly number[] } {
  const places = placesIn(program);
  const total = program.parameters.reduce((sum, parameter) => sum + numbersOf(parameter), 0);
  const stored = new Map<string, Float64Array>();
  const v = values(program, (name, size) => {
    if (name === "decay") return decayBits(program, size);
    if (name === "loss_scale") return kept.scale;
    const arena = arenas.get(name);
    if (arena === undefined) return undefined;
    const all = new Float64Array(total);
    for (const [parameter, numbers] of arena) all.set(numbers, places.get(parameter)?.first);
    return all;
  });
  for (const { id, name, role } of program.tensors) {
    if (role === "result") v.of.set(id, Float64Array.of(0, kept.stopped ?? 0));
    if (role === "arena") stored.set(name, new Float64Array(read(v, id).buffer));
  }
  evaluate({ ...v, step });
  for (const [name, arena] of arenas) {
    for (const [parameter, numbers] of arena) {
      const { first, size } = places.get(parameter) as Stretch;
      numbers.set(stored.get(name)?.subarray(first, first + size) as Float64Array);
    }
  }
  const named = (wanted: string): number[] =>
    program.tensors.filter(({ name }) => name === wanted).flatMap(({ id }) => [...read(v, id)]);
  const [norm = 0, stopped = 0] = named("grad_norm");
  return { norm, stopped, scale: named("loss_scale") };
}

/** The arenas that an update changes or reads. */
export const arenasOf = (program: Program): string[] => [
  ...new Set(program.tensors.filter(({ role }) => role === "arena").map(({ id }) => tensorOf(program, id).name)),
];
