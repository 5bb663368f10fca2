// The update program: the gradient norm, then the optimizer's ops, over arenas.
import { BLOCK, numbersOf, parametersIn, stretches } from "../ir/arena.js";
import { build, type ProgramSize } from "../ir/builder.js";
import { LOSS_SCALE } from "../ir/loss-scale.js";
import type { Arena, Program } from "../ir/program.js";
import type { OptimizerFields } from "../optimizers/optimizer.fields.js";
import type { Placed } from "../optimizers/optimizer.js";
import { optimizerOf, scalarNames } from "../optimizers/table.js";

/** The parameters of a program by what the optimizer stores of each. */
export const arenasOf = (fields: OptimizerFields, program: Program): readonly Arena[] =>
  optimizerOf(fields).arenas(parametersIn([program]));

/** @param programs all that read the parameters; if one scales its losses, its gradients are scaled too */
export function lowerUpdate(
  fields: OptimizerFields,
  programs: readonly Program[],
  size: Omit<ProgramSize, "scalars" | "arenas">,
): Program {
  const optimizer = optimizerOf(fields);
  const arenas = optimizer.arenas(parametersIn(programs));
  const builder = build("update", { ...size, scalars: scalarNames(fields), arenas });
  const parameters = arenas.flatMap(({ runs }) => runs.flat());
  for (const { tensor: _, ...parameter } of parameters) builder.parameter(parameter);
  const numbers = parameters.reduce((sum, parameter) => sum + numbersOf(parameter), 0);

  const scaled = programs.some(({ tensors }) => tensors.some(({ means }) => means?.is === LOSS_SCALE.means.is));
  const scale = scaled ? { scale: builder.field("state", LOSS_SCALE.means, LOSS_SCALE.shape) } : {};
  const gradients = builder.stretch("gradients", { first: 0, size: numbers });
  const norm = builder.field("result", { is: "grad_norm" }, [2]);
  builder.make("gradient_norm", { in: { gradients } }, { norm, ...scale });

  const decay = builder.input("constant", { is: "decay" }, [Math.ceil(numbers / BLOCK / 32)], "u32");
  const placed = stretches(arenas).map(({ whole, runs: at }, i): Placed => {
    const { slots, runs } = arenas[i] as (typeof arenas)[number];
    return { slots, runs, whole, at };
  });
  optimizer.update({ builder, guard: { norm, ...scale }, decay }, placed);
  return builder.program();
}
